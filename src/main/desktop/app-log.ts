// The app's own log file, for what cannot be told in the window.
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

const MAX_BYTES = 5 * 1024 * 1024

/** @returns a function that adds a line; failing to log never stops the app */
export function openLog(dir: string): (line: string) => void {
  const path = join(dir, 'desktop.log')
  return line => {
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
      if (size > MAX_BYTES) renameSync(path, `${path}.1`)
      appendFileSync(path, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 })
    } catch (error) {
      console.error(`flotilla: cannot write ${path}: ${String(error)}\n${line}`)
    }
  }
}
