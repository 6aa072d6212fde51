// What broke in the app is written down; a window whose page died gets a new page.
import { type WebContents, app, dialog } from 'electron'
import { writeCrashReport } from '../crash-report.ts'
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

/** @param folder asked when something breaks */
export function reportCrashes(folder: () => string, say: Say): void {
  let lastMs = -AGAIN_MS
  process.on('uncaughtExceptionMonitor', (error, origin) =>
    writeCrashReport(folder(), origin, [error.stack ?? String(error)], Date.now()),
  )
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
