// What broke, written down as text beside the logs.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { productVersion } from './version.ts'

export const crashFolder = (logs: string): string => join(logs, 'crashes')

const KEPT = 20

/** Newest last; the names sort by time. @returns the file's path; undefined when it cannot be written */
export function writeCrashReport(
  folder: string,
  kind: string,
  lines: readonly string[],
  nowMs: number,
): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const time = new Date(nowMs).toISOString()
    const { electron, node } = process.versions
    const runtime = electron === undefined ? `Node ${node}` : `Electron ${electron}`
    const head = [`${kind} at ${time}`, `Flotilla ${productVersion}, ${runtime}`]
    const path = join(folder, `${time.replace(/[:.]/g, '-')}-${kind}.txt`)
    writeFileSync(path, [...head, ...lines, ''].join('\n'), { mode: 0o600 })
    const old = readdirSync(folder).sort().slice(0, -KEPT)
    for (const name of old) rmSync(join(folder, name), { force: true })
    return path
  } catch (error) {
    console.error(`flotilla: cannot write a crash report: ${String(error)}`)
    return undefined
  }
}
