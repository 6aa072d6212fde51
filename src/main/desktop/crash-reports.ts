// What broke, written down as text beside the logs; a window whose page died gets a new page.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type WebContents, app, dialog } from 'electron'
import { productVersion } from '../version.ts'
import type { Say } from './say.ts'

export const crashFolder = (logs: string): string => join(logs, 'crashes')

const KEPT = 20
/** Twice within this time is not bad luck. */
const AGAIN_MS = 30_000

/** Newest last; the names sort by time. */
function writeReport(folder: string, kind: string, lines: readonly string[], nowMs: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const time = new Date(nowMs).toISOString()
    const head = [`${kind} at ${time}`, `Flotilla ${productVersion}, Electron ${process.versions.electron}`]
    const path = join(folder, `${time.replace(/[:.]/g, '-')}-${kind}.txt`)
    writeFileSync(path, [...head, ...lines, ''].join('\n'), { mode: 0o600 })
    const old = readdirSync(folder).sort().slice(0, -KEPT)
    for (const name of old) rmSync(join(folder, name), { force: true })
  } catch (error) {
    console.error(`flotilla: cannot write a crash report: ${String(error)}`)
  }
}

async function offerReload(contents: WebContents, say: Say): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: say('The window stopped working again'),
    detail: say('The cluster is not affected. A report is with the logs.'),
    buttons: [say('Load it again'), say('Close the window')],
  })
  if (contents.isDestroyed()) return
  if (response === 0) contents.reload()
  else contents.close()
}

/** @param folder asked when something breaks */
export function reportCrashes(folder: () => string, say: Say): void {
  let lastMs = -AGAIN_MS
  process.on('uncaughtExceptionMonitor', (error, origin) =>
    writeReport(folder(), origin, [error.stack ?? String(error)], Date.now()),
  )
  app.on('child-process-gone', (_event, { type, reason, exitCode, name }) => {
    if (reason !== 'clean-exit')
      writeReport(folder(), 'process-gone', [JSON.stringify({ type, name, reason, exitCode })], Date.now())
  })
  app.on('render-process-gone', (_event, contents, { reason, exitCode }) => {
    if (reason === 'clean-exit' || reason === 'killed') return
    const nowMs = Date.now()
    writeReport(folder(), 'window-gone', [JSON.stringify({ reason, exitCode })], nowMs)
    const again = nowMs - lastMs < AGAIN_MS
    lastMs = nowMs
    if (again) void offerReload(contents, say)
    else contents.reload()
  })
}
