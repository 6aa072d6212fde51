// Brings the kernel's tables to what the RuleTables say: one nft transaction for all families per batch of changes,
// everything again when a transaction failed or somebody else removed a table.
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { Run } from '../network/exec.ts'
import { TABLE } from '../network/names.ts'
import type { SyncState } from './proxy-health.ts'
import type { RuleTable } from './table.ts'

export interface SyncedTable {
  readonly table: RuleTable
  /** @returns the script that replaces the table by its fixed part */
  readonly base: () => string
}

/** Is told of each round. */
export interface SyncObserver {
  /** Something is to be written soon. */
  requested(): void
  /** What changed so far is part of this round. */
  taken(): void
  /** A transaction took so long. */
  written(seconds: number, isFull: boolean): void
  /** The kernel has all that was taken. */
  synced(): void
  failed(): void
}

export interface TableSyncOptions {
  readonly run: Run
  readonly tables: readonly SyncedTable[]
  readonly clock: Clock
  readonly log: Log
  /** Called after each transaction. */
  readonly applied?: () => void
  readonly observer?: SyncObserver
}

/** Changes that come within this time after a transaction share the next one. */
const BATCH_MS = 50
const RETRY_MS = 1_000

export class TableSync implements SyncState, AsyncDisposable {
  readonly #options: TableSyncOptions
  #needsAll = true
  #running: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()
  #again = false
  #stopped = false
  #cancelRetry: (() => void) | undefined
  /** Of what no round has taken yet, and of what the round under way took. */
  #requestedAt: number | undefined
  #takenAt: number | undefined
  #syncedAt: number | undefined

  constructor(options: TableSyncOptions) {
    this.#options = options
  }

  get waitingSince(): number | undefined {
    return this.#takenAt ?? this.#requestedAt
  }
  get syncedAt(): number | undefined {
    return this.#syncedAt
  }

  /** Asks for the changes to be applied soon. */
  request(): void {
    if (this.#stopped) return
    this.#requested()
    this.#again = true
    this.#running ??= this.#loop().finally(() => (this.#running = undefined))
  }

  /** Writes everything again: a fixed part changed, or a table is gone. */
  requestAll(): void {
    this.#needsAll = true
    this.request()
  }

  /** Applies what was asked for so far. @throws ToolError when nft refuses it */
  flush(): Promise<void> {
    this.#requested()
    return this.#apply()
  }

  /** Notices a table that somebody removed (`nft flush ruleset`, a firewall's restart) and writes it again. */
  async verify(): Promise<void> {
    const { run, log, tables } = this.#options
    if (this.#needsAll || this.#running) return
    const present = await Promise.all(
      tables.map(async ({ table: { family } }) => {
        // Of nft's listings this is the one that does not load every rule and element first.
        const chains = await run(['nft', 'list', 'chains', family.ip])
        return chains.includes(`table ${family.ip} ${TABLE} {`) && chains.includes('chain nat-postrouting {')
      }),
    )
    if (present.every(Boolean) || this.#stopped) return
    log.warn({ table: TABLE }, 'the network rules were removed by someone else: writing them again')
    this.requestAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#cancelRetry?.()
    await this.#running
    await this.#last
  }

  async #loop(): Promise<void> {
    const { clock, log } = this.#options
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        await this.#apply()
      } catch (error) {
        log.error({ err: error }, 'cannot apply the network rules')
        this.#cancelRetry?.()
        this.#cancelRetry = clock.after(RETRY_MS, () => this.request())
        return
      }
      await new Promise<void>(resolve => clock.after(BATCH_MS, resolve))
    }
  }

  /** One transaction at a time: each is the difference to the one before. */
  #apply(): Promise<void> {
    const mine = this.#last.then(() => this.#applyNow())
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #applyNow(): Promise<void> {
    const { run, tables, applied, clock, observer } = this.#options
    const all = this.#needsAll
    this.#needsAll = false
    const script = tables.map(({ table, base }) => (all ? base() + table.takeAll() : table.takeChanges())).join('')
    this.#takenAt = this.#requestedAt
    this.#requestedAt = undefined
    observer?.taken()
    if (script !== '')
      try {
        const startedAt = clock.monotonic()
        await run(['nft', '-f', '-'], { input: script })
        observer?.written((clock.monotonic() - startedAt) / 1000, all)
        applied?.()
      } catch (error) {
        this.#needsAll = true // what the kernel holds is now uncertain
        this.#requestedAt = this.#takenAt ?? this.#requestedAt
        this.#takenAt = undefined
        observer?.failed()
        throw error
      }
    this.#takenAt = undefined
    this.#syncedAt = clock.now()
    observer?.synced()
  }

  #requested(): void {
    const { clock, observer } = this.#options
    this.#requestedAt ??= clock.monotonic()
    observer?.requested()
  }
}
