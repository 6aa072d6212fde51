// Encryption at rest as a layer around any engine: Secrets leave here sealed and come back as they were. What is
// above sees plain texts, what is below only sealed ones.
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { type Engine, type EngineHealth, type EngineRecord, type EngineWrite, StoreError } from '../contract.ts'
import { DEFAULT_HISTORY_LIMITS, type HistoryLimits, type HistoryLog } from '../history/contract.ts'
import { silentLog, type StoreLog } from '../log.ts'
import { Pacer } from '../../pieces/pacer.ts'
import { ignoreConflict, isOlder, KeptKeyring, SEALED_PREFIX, type Unlocked } from './kept-keyring.ts'
import { type DataKey, newDataKey } from './keyring.ts'
import { masterKey, masterKeyId, type MasterSecret, newRecipe } from './master-key.ts'
import { wantsKey } from './refusals.ts'
import { sealedHistory } from './sealed-history.ts'
import { assertAllWereTold, LEASES_PREFIX } from './told-keys.ts'

/** Longer than anything is kept that was sealed with a key before it was replaced. */
const KEEP_KEYS_MS = DEFAULT_HISTORY_LIMITS.maxAgeMs + 86_400_000

export interface SealedEngineOptions {
  /** Without one the store stays as it is, and one that is encrypted is refused. */
  readonly secret?: MasterSecret
  readonly clock?: Clock
  readonly log?: StoreLog
}

export interface EncryptionStatus {
  readonly encrypted: boolean
  readonly master?: 'key' | 'passphrase'
  /** The same for all who were told the same key or passphrase. */
  readonly masterKeyId?: string
  /** Another control plane has changed the key or passphrase, and this one was not told. */
  readonly outdated?: true
  /** Id and time of the data key that seals now. */
  readonly dataKey?: { readonly id: string; readonly createdAt: string }
}

/** An engine whose Secrets are encrypted at rest, when there is a key. */
export interface SealedEngine extends Engine {
  readonly encryption: EncryptionStatus
  /** A new data key; everything is sealed with it before this resolves. @throws StoreError `KeyNeeded` */
  rotateDataKey(): Promise<void>
  /** Another key file or passphrase from now on, or the first one. */
  changeMasterSecret(secret: MasterSecret): Promise<void>
  /** The key file or passphrase that another control plane has changed to. @throws StoreError `WrongKey` | `KeyNeeded` */
  adoptMasterSecret(secret: MasterSecret): Promise<void>
}

/**
 * Takes over the engine: it is closed with the result, and when this fails.
 * @throws StoreError `KeyNeeded` | `WrongKey`
 */
export async function openSealedEngine(engine: Engine, options: SealedEngineOptions = {}): Promise<SealedEngine> {
  const sealed = new EncryptingEngine(engine, options)
  try {
    await sealed.open()
    return sealed
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

class EncryptingEngine implements SealedEngine {
  readonly #engine: Engine
  readonly #keyring: KeptKeyring
  readonly #secret: MasterSecret | undefined
  readonly #clock: Clock
  readonly #log: StoreLog
  #failure: StoreError | undefined
  #fail: (error: StoreError) => void = () => undefined
  readonly failed: Promise<StoreError>

  constructor(engine: Engine, { secret, clock = systemClock, log = silentLog }: SealedEngineOptions) {
    this.#engine = engine
    this.#keyring = new KeptKeyring(engine, log)
    this.#secret = secret
    this.#clock = clock
    this.#log = log
    const ownFailure = new Promise<StoreError>(resolve => (this.#fail = resolve))
    this.failed = Promise.race([engine.failed, ownFailure])
  }

  async open(): Promise<void> {
    if (!(await this.#keyring.unlock(this.#secret))) {
      if (this.#secret) await this.changeMasterSecret(this.#secret)
    }
    // It was not finished when the program ended.
    else if (this.#keyring.known?.ring.pending) await this.#reseal()
  }

  get revision(): number {
    return this.#engine.revision
  }

  get compactedRevision(): number {
    return this.#engine.compactedRevision
  }

  get expires(): boolean {
    return this.#engine.expires === true
  }

  get encryption(): EncryptionStatus {
    const { known, outdated } = this.#keyring
    const primary = known?.ring.keys[0]
    if (!known || !primary) return { encrypted: false }
    const { id, createdAt } = primary
    return {
      encrypted: true,
      master: known.master.recipe.kind,
      masterKeyId: masterKeyId(known.master.key),
      dataKey: { id, createdAt },
      ...(outdated ? { outdated } : {}),
    }
  }

  setting(key: string) {
    return this.#engine.setting(key)
  }

  async *load(signal?: AbortSignal): AsyncGenerator<readonly EngineRecord[], void> {
    yield* this.#openedBatches(this.#engine.load(signal))
  }

  async commit(writes: readonly EngineWrite[]): Promise<number> {
    return this.#engine.commit(writes.map(write => this.#keyring.sealed(write)))
  }

  onCommit(listener: (records: readonly EngineRecord[]) => void): void {
    this.#engine.onCommit(records => {
      let opened: readonly EngineRecord[]
      try {
        opened = records.map(record => this.#keyring.opened(record))
      } catch (error) {
        // Going on without the record would show a state that never was.
        this.#log.error({ err: error }, 'a committed transaction cannot be decrypted')
        this.#failure = error as StoreError
        return this.#fail(this.#failure)
      }
      listener(opened)
    })
  }

  get latestRevision(): Engine['latestRevision'] {
    const { latestRevision } = this.#engine
    return latestRevision && (() => latestRevision.call(this.#engine))
  }

  onReset(listener: Parameters<NonNullable<Engine['onReset']>>[0]): void {
    this.#engine.onReset?.((revision, state) => listener(revision, this.#openedBatches(state)))
  }

  compact(revision: number, physical?: boolean): Promise<void> {
    return this.#engine.compact(revision, physical)
  }

  health(): EngineHealth {
    return this.#failure ? { state: 'read-only', detail: this.#failure.message } : this.#engine.health()
  }

  stats() {
    return this.#engine.stats()
  }

  async openHistory(limits: HistoryLimits): Promise<HistoryLog> {
    const keyring = this.#keyring
    return sealedHistory(await this.#engine.openHistory(limits), {
      seal: (key, value) => keyring.sealed({ key, value }).value ?? value,
      open: (key, value) => keyring.opened({ key, value, revision: 0, createRevision: 0 }).value ?? value,
    })
  }

  async rotateDataKey(): Promise<void> {
    await this.#keyring.change(known => this.#withNewDataKey(known))
    await this.#reseal()
  }

  #withNewDataKey(known: Unlocked | undefined): Unlocked {
    if (!known) throw wantsKey('is not encrypted')
    const { ring, master } = known
    // The one before stays: another control plane may have used it until it heard of the new one. So do those that the
    // history may still need, and all of them while some text may not have been resealed.
    const now = this.#clock.now()
    const [first, ...older] = ring.keys
    // A key was in use until its successor came.
    const replacedAt = (at: number) => Date.parse((ring.keys[at] as DataKey).createdAt)
    const kept = older.filter((_key, at) => ring.pending || now - replacedAt(at) < KEEP_KEYS_MS)
    return { ring: { keys: [newDataKey(now), ...(first ? [first] : []), ...kept], pending: true }, master }
  }

  async changeMasterSecret(secret: MasterSecret): Promise<void> {
    const isFirst = !this.#keyring.known
    if (isFirst) await this.#beforeTheFirst()
    const recipe = newRecipe(secret)
    const master = { key: await masterKey(secret, recipe), recipe }
    await this.#keyring.change(known => ({
      ring: known?.ring ?? { keys: [newDataKey(this.#clock.now())], pending: true },
      master,
    }))
    if (isFirst) await this.#reseal()
  }

  async adoptMasterSecret(secret: MasterSecret): Promise<void> {
    if (!(await this.#keyring.unlock(secret))) throw wantsKey('is not encrypted')
  }

  [Symbol.asyncDispose]() {
    return this.#engine[Symbol.asyncDispose]()
  }

  /** @throws StoreError `KeyNeeded` when a control plane runs that has no key */
  async #beforeTheFirst(): Promise<void> {
    if (this.#engine.latestRevision) await this.#assertNobodyRuns()
    // What the history holds of Secrets in plain text goes: it is not worth a rewrite. Before the keyring is there, so
    // that it is done again when the program ends in between.
    await using history = await this.#engine.openHistory(DEFAULT_HISTORY_LIMITS)
    await history.purge(key => key.startsWith(SEALED_PREFIX))
  }

  async #assertNobodyRuns(): Promise<void> {
    const leases: Lease[] = []
    for await (const batch of this.#engine.load())
      for (const { key, value } of batch)
        if (value !== null && key.startsWith(LEASES_PREFIX)) leases.push(JSON.parse(value) as Lease)
    const remedy = 'stop it, start this one, then start it again with the same key or passphrase'
    assertAllWereTold(leases, 'none has it yet', remedy, this.#clock.now())
  }

  /** Seals whatever is not sealed with the first data key, and leaves no older text of it on the disk. */
  async #reseal(): Promise<void> {
    const { known, revision: ringRevision } = this.#keyring
    const primary = known?.ring.keys[0]
    if (!primary) return
    // Gathered first: while a load is under way, the log does not roll over to a new file.
    const older: EngineRecord[] = []
    for await (const batch of this.#engine.load()) older.push(...batch.filter(record => isOlder(record, primary.id)))
    const pacer = new Pacer()
    for (const record of older) {
      const { key, revision } = record
      const { value } = this.#keyring.opened(record)
      // Whoever wrote it meanwhile has sealed it with the new key.
      await this.#engine.commit([this.#keyring.sealed({ key, value, expect: revision })]).catch(ignoreConflict)
      if (pacer.due) await pacer.pause()
    }
    await this.#keyring.settle(ringRevision)
    await this.#engine.compact(this.#engine.revision, true)
  }

  async *#openedBatches(state: AsyncIterable<readonly EngineRecord[]>): AsyncGenerator<readonly EngineRecord[], void> {
    for await (const batch of state) yield batch.map(record => this.#keyring.opened(record))
  }
}
