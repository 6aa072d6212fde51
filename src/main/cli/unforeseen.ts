// Faults that nobody has handled: a control plane that met one may have anything in its memory, so it ends, tells what to
// do, and is started again from what is stored. Those that only say that somebody has gone are no such faults.
import { crashFolder, writeCrashReport } from '../process/crash-report.ts'
import { dataDirLayout } from '../data-folder/data-dir.ts'
import { firstLine, isHarmless } from '../process/faults.ts'

/** For a stop, in which whatever is broken may hang. */
const STOP_TIMEOUT_MS = 10_000

export class UnforeseenError extends Error {
  override readonly name = 'UnforeseenError'
}

/** @returns settles with the first one that the control plane cannot go on with; its process ends soon, come what may */
export function unforeseenFault(dataDir: string): Promise<UnforeseenError> {
  return new Promise(resolve => {
    let isEnding = false
    process.on('uncaughtException', (error: unknown, origin) => {
      if (isHarmless(error) || isEnding) {
        console.error(
          `flotilla: ${isEnding ? 'another fault on the way out' : 'nobody was there any more'}: ${firstLine(error)}`,
        )
        return
      }
      isEnding = true
      setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
      resolve(new UnforeseenError(sentence(error, origin, crashFolder(dataDirLayout(dataDir).logs))))
    })
  })
}

function sentence(error: unknown, origin: string, folder: string): string {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error)
  const report = writeCrashReport(folder, origin, [stack], Date.now())
  const source = report === undefined ? `this is where it is from:\n${stack}` : `${report} says where it is from`
  return (
    `a fault that was not foreseen: ${firstLine(error)}. The control plane ends; what was acknowledged is stored, and ` +
    `containers keep running. Start it again; if it comes back, ${source}`
  )
}
