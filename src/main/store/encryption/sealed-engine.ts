// Encryption at rest as a layer around any engine: Secrets leave here sealed and come back as they were. What is
// above sees plain texts, what is below only sealed ones.
//
// A sealed value is `sealed:<id of the data key>:<base64>`; plain values are JSON objects and begin with a brace.
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { type Engine, type EngineHealth, type EngineRecord, type EngineWrite, StoreError } from '../contract.ts'
import { DEFAULT_HISTORY_LIMITS, type HistoryLimits, type HistoryLog } from '../history/contract.ts'
import { silentLog, type StoreLog } from '../log.ts'
import { Pacer } from '../pacer.ts'
import { openText, sealText } from './envelope.ts'
import { type DataKey, type Keyring, KEYRING_KEY, newDataKey, openKeyring, recipeOf, sealKeyring } from './keyring.ts'
import { masterKey, masterKeyId, type MasterKeyRecipe, type MasterSecret, newRecipe } from './master-key.ts'
import { changedElsewhere, wantsKey } from './refusals.ts'
import { sealedHistory } from './sealed-history.ts'
import { assertAllWereTold, LEASES_PREFIX } from './told-keys.ts'

/** What is sealed. */
const SEALED_PREFIX = '/registry/core/secrets/'
const MARK = 'sealed:'
const MOST_TRIES = 5
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

/** What opens the keyring. */
interface Master {
  readonly key: Buffer
  readonly recipe: MasterKeyRecipe
}

class EncryptingEngine implements SealedEngine {
  readonly #engine: Engine
  readonly #secret: MasterSecret | undefined
  readonly #clock: Clock
  readonly #log: StoreLog
  #master: Master | undefined
  #ring: Keyring | undefined
  /** Mod revision of the keyring that is known: only on top of that one is another written. */
  #ringRevision = 0
  /** The keyring in the store is another control plane's, and does not open with the key that this one has. */
  #outdated = false
  /** The text that this process is writing: known already when the engine tells of it. */
  #ringText = ''
  #failure: StoreError | undefined
  #fail: (error: StoreError) => void = () => undefined
  readonly failed: Promise<StoreError>

  constructor(engine: Engine, { secret, clock = systemClock, log = silentLog }: SealedEngineOptions) {
    this.#engine = engine
    this.#secret = secret
    this.#clock = clock
    this.#log = log
    const ownFailure = new Promise<StoreError>(resolve => (this.#fail = resolve))
    this.failed = Promise.race([engine.failed, ownFailure])
  }

  async open(): Promise<void> {
    const found = await this.#engine.setting(KEYRING_KEY)
    if (found) {
      await this.#unlock(found.value)
      this.#ringRevision = found.revision
      // It was not finished when the program ended.
      if (this.#ring?.pending) await this.#reseal()
    } else if (this.#secret) {
      // Where others may write, they run without a key so far.
      if (this.#engine.latestRevision) await this.#assertNobodyRuns()
      await this.changeMasterSecret(this.#secret)
    }
    // Another control plane may change the keyring, always before it seals anything with the new one.
    this.#engine.onCommit(records => this.#follow(records))
  }

  get revision(): number {
    return this.#engine.revision
  }

  get compactedRevision(): number {
    return this.#engine.compactedRevision
  }

  get encryption(): EncryptionStatus {
    const primary = this.#ring?.keys[0]
    if (!this.#master || !primary) return { encrypted: false }
    const { id, createdAt } = primary
    return {
      encrypted: true,
      master: this.#master.recipe.kind,
      masterKeyId: masterKeyId(this.#master.key),
      dataKey: { id, createdAt },
      ...(this.#outdated ? { outdated: true } : {}),
    }
  }

  setting(key: string) {
    return this.#engine.setting(key)
  }

  async *load(signal?: AbortSignal): AsyncGenerator<readonly EngineRecord[], void> {
    for await (const batch of this.#engine.load(signal)) yield batch.map(record => this.#opened(record))
  }

  async commit(writes: readonly EngineWrite[]): Promise<number> {
    return this.#engine.commit(writes.map(write => this.#sealed(write)))
  }

  onCommit(listener: (records: readonly EngineRecord[]) => void): void {
    this.#engine.onCommit(records => {
      let opened: readonly EngineRecord[]
      try {
        opened = records.map(record => this.#opened(record))
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
    this.#engine.onReset?.(async (revision, state) => {
      const found = await this.#engine.setting(KEYRING_KEY)
      if (found) this.#replaceRing(found.value, found.revision)
      await listener(revision, this.#openedBatches(state))
    })
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
    return sealedHistory(await this.#engine.openHistory(limits), {
      seal: (key, value) => this.#sealed({ key, value }).value ?? value,
      open: (key, value) => this.#opened({ key, value, revision: 0, createRevision: 0 }).value ?? value,
    })
  }

  async rotateDataKey(): Promise<void> {
    await this.#onNewestRing(() => this.#addDataKey())
    await this.#reseal()
  }

  async #addDataKey(): Promise<void> {
    if (this.#outdated) throw changedElsewhere()
    if (!this.#master || !this.#ring) throw wantsKey('is not encrypted')
    // The one before stays: another control plane may have used it until it heard of the new one. So do those that the
    // history may still need.
    const now = this.#clock.now()
    const stillUsed = ({ createdAt }: DataKey) => now - Date.parse(createdAt) < KEEP_KEYS_MS
    const [first, ...older] = this.#ring.keys
    // A key was in use until its successor came.
    const kept = older.filter((_key, at) => stillUsed(at === 0 && first ? first : (older[at - 1] as DataKey)))
    const keys = [newDataKey(now), ...(first ? [first] : []), ...kept]
    await this.#writeRing({ keys, pending: true }, this.#master)
  }

  async changeMasterSecret(secret: MasterSecret): Promise<void> {
    const recipe = newRecipe(secret)
    const master = { key: await masterKey(secret, recipe), recipe }
    const first = this.#ring === undefined
    await this.#onNewestRing(() => {
      if (this.#outdated) throw changedElsewhere()
      return this.#writeRing(this.#ring ?? { keys: [newDataKey(this.#clock.now())], pending: true }, master)
    })
    if (!first) return
    // What the history holds of Secrets in plain text goes: it is not worth a rewrite.
    await using history = await this.#engine.openHistory(DEFAULT_HISTORY_LIMITS)
    await history.purge(key => key.startsWith(SEALED_PREFIX))
    await this.#reseal()
  }

  [Symbol.asyncDispose]() {
    return this.#engine[Symbol.asyncDispose]()
  }

  async #unlock(text: string): Promise<void> {
    if (!this.#secret) throw wantsKey('is encrypted', recipeOf(text).kind)
    const recipe = recipeOf(text)
    this.#master = { key: await masterKey(this.#secret, recipe), recipe }
    this.#ring = openKeyring(text, this.#master.key)
  }

  /** @throws StoreError `KeyNeeded` */
  async #assertNobodyRuns(): Promise<void> {
    const leases: Lease[] = []
    for await (const batch of this.#engine.load())
      for (const { key, value } of batch)
        if (value !== null && key.startsWith(LEASES_PREFIX)) leases.push(JSON.parse(value) as Lease)
    const remedy = 'stop it, start this one, then start it again with the same key or passphrase'
    assertAllWereTold(leases, 'none has it yet', remedy, this.#clock.now())
  }

  /** Tries again when another control plane was first, on top of what that one has written. */
  async #onNewestRing(change: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries++)
      try {
        return await change()
      } catch (error) {
        if (tries === MOST_TRIES || !isConflict(error)) throw error
        const found = await this.#engine.setting(KEYRING_KEY)
        if (found) this.#replaceRing(found.value, found.revision)
      }
  }

  /**
   * @param expect revision of the keyring that `ring` is made from: one that another control plane has changed meanwhile
   *   holds data keys that this one does not know
   * @throws StoreError `RevisionConflict` | `KeyExists`
   */
  async #writeRing(ring: Keyring, master: Master, expect = this.#ringRevision): Promise<void> {
    const value = sealKeyring(ring, master.key, master.recipe)
    this.#ringText = value
    const revision = await this.#engine.commit([{ key: KEYRING_KEY, value, expect }])
    // Somebody's next one may have been told of already.
    if (revision < this.#ringRevision) return
    this.#ringRevision = revision
    this.#ring = ring
    this.#master = master
  }

  /** Seals whatever is not sealed with the first data key, and leaves no older text of it on the disk. */
  async #reseal(): Promise<void> {
    const ring = this.#ring
    const ringRevision = this.#ringRevision
    const master = this.#master
    const primary = ring?.keys[0]
    if (!ring || !master || !primary) return
    // Gathered first: while a load is under way, the log does not roll over to a new file.
    const older: EngineRecord[] = []
    for await (const batch of this.#engine.load())
      older.push(...batch.filter(({ key, value }) => isOlder(key, value, primary.id)))
    const pacer = new Pacer()
    for (const record of older) {
      const { key, revision } = record
      const { value } = this.#opened(record)
      // Whoever wrote it meanwhile has sealed it with the new key.
      await this.#engine.commit([this.#sealed({ key, value, expect: revision })]).catch(ignoreConflict)
      if (pacer.due) await pacer.pause()
    }
    // Another control plane may have finished the same work first, or begun the next one.
    await this.#writeRing({ ...ring, pending: false }, master, ringRevision).catch(ignoreConflict)
    await this.#engine.compact(this.#engine.revision, true)
  }

  #sealed(write: EngineWrite): EngineWrite {
    const primary = this.#ring?.keys[0]
    if (!primary || write.value === null || !write.key.startsWith(SEALED_PREFIX)) return write
    return { ...write, value: `${MARK}${primary.id}:${sealText(primary.key, write.value, write.key)}` }
  }

  /** @throws StoreError `KeyNeeded` | `Corrupt` */
  #opened(record: EngineRecord): EngineRecord {
    const { key, value } = record
    if (value === null || !value.startsWith(MARK)) return record
    if (!this.#ring) throw wantsKey('was encrypted by another control plane')
    const { keys } = this.#ring
    const end = value.indexOf(':', MARK.length)
    const id = value.slice(MARK.length, end)
    const used = keys.find(each => each.id === id)
    if (!used && this.#outdated) throw changedElsewhere()
    const plain = used && openText(used.key, value.slice(end + 1), key)
    if (plain === undefined)
      throw new StoreError(
        'Corrupt',
        `the value of ${key} ${used ? 'was changed on the disk' : `is sealed with the data key ${id}, which is lost`}: ` +
          'restore the store from a backup',
      )
    return { ...record, value: plain }
  }

  async *#openedBatches(state: AsyncIterable<readonly EngineRecord[]>): AsyncGenerator<readonly EngineRecord[], void> {
    for await (const batch of state) yield batch.map(record => this.#opened(record))
  }

  #follow(records: readonly EngineRecord[]): void {
    for (const { key, value, revision } of records)
      if (key === KEYRING_KEY && value !== null && value !== this.#ringText) this.#replaceRing(value, revision)
  }

  #replaceRing(text: string, revision: number): void {
    if (!this.#master) {
      this.#outdated = true
      return
    }
    try {
      this.#ring = openKeyring(text, this.#master.key)
      this.#ringRevision = revision
      this.#outdated = false
    } catch (error) {
      // The passphrase was changed elsewhere. The data keys known so far go on until there is a new one.
      this.#outdated = true
      this.#log.warn(
        { err: error },
        'the key of the store was changed by another control plane: restart with the new one',
      )
    }
  }
}

const isOlder = (key: string, value: string | null, primary: string): boolean =>
  value !== null && key.startsWith(SEALED_PREFIX) && !value.startsWith(`${MARK}${primary}:`)

const isConflict = (error: unknown): boolean =>
  error instanceof StoreError && ['RevisionConflict', 'KeyNotFound'].includes(error.code)

function ignoreConflict(error: unknown): void {
  if (!isConflict(error)) throw error
}
