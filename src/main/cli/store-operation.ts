// Runs one of the store's operations for a command, and tells how far it is.
import { parseStoreChoice } from './store-choice.ts'
import { parseOutput, ProgressReport } from './progress.ts'
import type { StoreFlags } from './store-options.ts'
import type { OperationName } from '../store/operations/operations.ts'

/** @param text the result, for people */
export async function runOperation(
  flags: StoreFlags,
  operation: OperationName,
  text: (result: object) => string,
): Promise<void> {
  const report = new ProgressReport(parseOutput(flags.output))
  const choice = parseStoreChoice(flags.store, flags)
  const { openStoreAccess } = await import('./store-access.ts')
  await using access = await openStoreAccess(flags.dataDir, choice, flags)
  try {
    for await (const event of access.run(operation)) {
      if (event.type === 'progress') report.tell({ phase: event.phase, done: event.done, ...totalOf(event) })
      else if (event.type === 'result') report.end(event.result, text(event.result))
    }
  } finally {
    report.clear()
  }
}

const totalOf = ({ total }: { readonly total?: number }) => (total === undefined ? {} : { total })
