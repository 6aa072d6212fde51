// What broke in the app is written down; a window whose page died gets a new page, and an app that met a fault that
// nobody had foreseen offers to start again. Left to itself, Electron stands still behind a box with a stack in it.
import { type WebContents, app, dialog } from 'electron'
import { writeCrashReport } from '../process/crash-report.ts'
import { firstLine, isHarmless } from '../process/faults.ts'
import type { Say } from './say.ts'

/** Twice within this time is not bad luck. */
const AGAIN_MS = 30_000

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

/** @returns whether it is to start again */
async function offerRestart(error: unknown, say: Say): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: say('Flotilla met a fault that was not foreseen'),
    detail: `${firstLine(error)}\n\n${say('What was acknowledged is stored, and containers keep running. A report is with the logs.')}`,
    buttons: [say('Start Flotilla again'), say('Go on')],
  })
  return response === 0
}

interface App {
  /** Asked when something breaks. */
  readonly folder: () => string
  readonly say: Say
  /** On its way out it asks nobody anything. */
  readonly isQuitting: () => boolean
  readonly log: (line: string) => void
}

export function reportCrashes({ folder, say, isQuitting, log }: App): void {
  let isAsking = false
  process.on('uncaughtException', (error: unknown, origin) => {
    if (isHarmless(error)) return log(`nobody was there any more: ${firstLine(error)}`)
    const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error)
    writeCrashReport(folder(), origin, [stack], Date.now())
    log(`a fault that was not foreseen: ${firstLine(error)}`)
    if (isAsking || isQuitting()) return
    isAsking = true
    void offerRestart(error, say)
      .then(wanted => {
        if (!wanted) return
        app.relaunch()
        app.quit()
      })
      .finally(() => (isAsking = false))
  })
  let lastMs = -AGAIN_MS
  app.on('child-process-gone', (_event, { type, reason, exitCode, name }) => {
    if (reason !== 'clean-exit')
      writeCrashReport(folder(), 'process-gone', [JSON.stringify({ type, name, reason, exitCode })], Date.now())
  })
  app.on('render-process-gone', (_event, contents, { reason, exitCode }) => {
    if (reason === 'clean-exit' || contents.isDestroyed()) return
    const nowMs = Date.now()
    writeCrashReport(folder(), 'window-gone', [JSON.stringify({ reason, exitCode })], nowMs)
    const again = nowMs - lastMs < AGAIN_MS
    lastMs = nowMs
    if (again) void offerReload(contents, say)
    else contents.reload()
  })
}
