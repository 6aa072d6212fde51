// `flotilla store status|verify|compact|migrate`.
import type { Command } from 'commander'
import type { StoreStatus } from '../store/operations/operations.ts'
import { describeEncryption } from './encryption.ts'
import { parseStoreChoice } from './store-choice.ts'
import { parseOutput, ProgressReport, showBytes } from './progress.ts'
import { runOperation } from './store-operation.ts'
import { addStoreOptions, type StoreFlags } from './store-options.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

export function addStoreCommands(program: Command): void {
  const store = program.command('store').description("look after the cluster's data")
  addStoreOptions(store.command('status'))
    .description('tell how large the store is, at which revision, and whether it is healthy and encrypted')
    .action((flags: StoreFlags) => runOperation(flags, 'status', result => describe(result as StoreStatus)))
  addStoreOptions(store.command('verify'))
    .description('read everything from where it lies and check it')
    .action((flags: StoreFlags) =>
      runOperation(flags, 'verify', result => {
        const { ok, records, differing } = result as { ok: boolean; records: number; differing: string[] }
        if (!ok) process.exitCode = 1
        return ok ? `${records} records, all good` : `not as acknowledged: ${differing.join(', ')}`
      }),
    )
  addStoreOptions(store.command('compact'))
    .description('forget the past and give its room back')
    .action((flags: StoreFlags) =>
      runOperation(flags, 'compact', result => {
        const { beforeBytes, afterBytes } = result as { beforeBytes: number; afterBytes: number }
        return `${showBytes(beforeBytes)} before, ${showBytes(afterBytes)} now`
      }),
    )
  addStoreOptions(store.command('migrate'))
    .description('copy the cluster from --store into another, empty one; revisions only move forward')
    .requiredOption('--to <engine>', 'nedb, or etcd=URL[,URL…]')
    .action(migrate)
}

function describe(status: StoreStatus): string {
  const { engine, diskBytes, liveBytes, revision, objects, health } = status
  return [
    `engine      ${engine}`,
    `health      ${health.state}${health.detail ? `: ${health.detail}` : ''}`,
    `revision    ${revision}`,
    `objects     ${objects}`,
    `on disk     ${showBytes(diskBytes)}${liveBytes === undefined ? '' : ` (${showBytes(liveBytes)} without the past)`}`,
    `encryption  ${describeEncryption(status)}`,
  ].join('\n')
}

async function migrate(flags: StoreFlags & { readonly to: string }): Promise<void> {
  const [from, to] = [parseStoreChoice(flags.store, flags), parseStoreChoice(flags.to, flags)]
  if (from.engine === to.engine) throw new UsageError('--to wants the other engine: nedb, or etcd=URL[,URL…]')
  const { runningServer } = await import('../data-folder/running-server.ts')
  if (runningServer(flags.dataDir)) throw new CommandError('the cluster runs; stop it first')
  const { requireCluster } = await import('./store-access.ts')
  requireCluster(flags.dataDir, from)
  const report = new ProgressReport(parseOutput(flags.output))
  const { migrateStore } = await import('../store/operations/migrate.ts')
  try {
    const { dataDir } = flags
    const result = await migrateStore({ from, to, dataDir, onProgress: progress => report.tell(progress) })
    const next = to.engine === 'nedb' ? 'flotilla serve' : `flotilla serve --store ${flags.to}`
    report.end(result, `${result.records} records copied, now at revision ${result.revision}; go on with: ${next}`)
  } finally {
    report.clear()
  }
}
