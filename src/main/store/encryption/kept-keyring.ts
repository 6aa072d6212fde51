// The keyring as this process knows it: found in the store, followed as other control planes change it, and changed only
// on top of what they have written. Values are sealed and opened with it.
//
// A sealed value is `sealed:<id of the data key>:<base64>`; plain values are JSON objects and begin with a brace.
import { type Engine, type EngineRecord, type EngineWrite, StoreError } from '../contract.ts'
import type { StoreLog } from '../log.ts'
import { Mutex } from '../nedb/mutex.ts'
import { openText, sealText } from './envelope.ts'
import { type Keyring, KEYRING_KEY, openKeyring, recipeOf, sealKeyring } from './keyring.ts'
import { masterKey, type MasterKeyRecipe, type MasterSecret } from './master-key.ts'
import { changedElsewhere, wantsKey } from './refusals.ts'

/** What is sealed. */
export const SEALED_PREFIX = '/registry/core/secrets/'
const MARK = 'sealed:'
const MOST_TRIES = 5

/** What opens the keyring. */
export interface Master {
  readonly key: Buffer
  readonly recipe: MasterKeyRecipe
}

export interface Unlocked {
  readonly ring: Keyring
  readonly master: Master
}

export class KeptKeyring {
  readonly #engine: Engine
  readonly #log: StoreLog
  readonly #changes = new Mutex()
  #known: Unlocked | undefined
  /** Mod revision of what is known: only on top of that one is another written. */
  #revision = 0
  /** Newest one that the engine has told of. */
  #told = 0
  /** The one in the store is another control plane's, and does not open with the key that this one has. */
  #outdated = false
  /** What was written last. It is known once the engine tells of it, also when the answer was lost. */
  #written: (Unlocked & { readonly text: string }) | undefined

  constructor(engine: Engine, log: StoreLog) {
    this.#engine = engine
    this.#log = log
    // Another control plane may change the keyring, always before it seals anything with the new one: whoever listens
    // to the engine after this hears of values that open.
    engine.onCommit(records => {
      for (const { key, value, revision } of records)
        if (key === KEYRING_KEY && value !== null) this.#take(value, revision)
    })
    engine.onReset?.(() => this.#refresh())
  }

  get known(): Unlocked | undefined {
    return this.#known
  }

  get revision(): number {
    return this.#revision
  }

  get outdated(): boolean {
    return this.#outdated
  }

  /** @returns whether there is a keyring. @throws StoreError `KeyNeeded` | `WrongKey`; nothing has changed then */
  async unlock(secret: MasterSecret | undefined): Promise<boolean> {
    for (;;) {
      const found = await this.#engine.setting(KEYRING_KEY)
      if (!found) return false
      const recipe = recipeOf(found.value)
      if (!secret) throw wantsKey('is encrypted', recipe.kind)
      const master = { key: await masterKey(secret, recipe), recipe }
      const ring = openKeyring(found.value, master.key)
      // Making a key takes a while: another control plane may have changed the keyring.
      if (this.#told > found.revision) continue
      this.#set({ ring, master }, found.revision)
      return true
    }
  }

  /**
   * @param make from what is known, and again when another control plane was first
   * @throws StoreError `WrongKey` when that one has another key
   */
  change(make: (known: Unlocked | undefined) => Unlocked): Promise<void> {
    return this.#changes.run(async () => {
      for (let tries = 0; ; tries++) {
        if (this.#outdated) throw changedElsewhere()
        try {
          return await this.#write(make(this.#known))
        } catch (error) {
          if (tries === MOST_TRIES || !isConflict(error)) throw error
          await this.#refresh()
        }
      }
    })
  }

  /** Everything is sealed with the first data key of the keyring of that revision, if that is still the newest one. */
  settle(revision: number): Promise<void> {
    return this.#changes.run(async () => {
      if (!this.#known || this.#revision !== revision) return
      const { ring, master } = this.#known
      await this.#write({ ring: { ...ring, pending: false }, master }).catch(ignoreConflict)
    })
  }

  /** @throws StoreError `KeyNeeded` when it would lie in plain text in a store that others encrypt */
  sealed(write: EngineWrite): EngineWrite {
    if (write.value === null || !write.key.startsWith(SEALED_PREFIX)) return write
    const primary = this.#known?.ring.keys[0]
    if (!primary && this.#outdated) throw wantsKey('was encrypted by another control plane')
    if (!primary) return write
    return { ...write, value: `${MARK}${primary.id}:${sealText(primary.key, write.value, write.key)}` }
  }

  /** @throws StoreError `KeyNeeded` | `WrongKey` | `Corrupt` */
  opened(record: EngineRecord): EngineRecord {
    const { key, value } = record
    if (value === null || !value.startsWith(MARK)) return record
    if (!this.#known) throw wantsKey('was encrypted by another control plane')
    const end = value.indexOf(':', MARK.length)
    const id = value.slice(MARK.length, end)
    const used = this.#known.ring.keys.find(each => each.id === id)
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

  /** @throws StoreError `RevisionConflict` | `KeyExists` when another control plane was first */
  async #write({ ring, master }: Unlocked): Promise<void> {
    const text = sealKeyring(ring, master.key, master.recipe)
    this.#written = { text, ring, master }
    await this.#engine.commit([{ key: KEYRING_KEY, value: text, expect: this.#revision }])
  }

  async #refresh(): Promise<void> {
    const found = await this.#engine.setting(KEYRING_KEY)
    if (found) this.#take(found.value, found.revision)
  }

  #take(text: string, revision: number): void {
    if (revision <= this.#told) return
    this.#told = revision
    if (text === this.#written?.text) this.#set(this.#written, revision)
    else if (!this.#known) this.#outdated = true
    else
      try {
        const { master } = this.#known
        this.#set({ ring: openKeyring(text, master.key), master }, revision)
      } catch (error) {
        // The passphrase was changed elsewhere. The data keys known so far go on until there is a new one.
        this.#outdated = true
        this.#log.warn({ err: error }, 'the key of the store was changed by another control plane')
      }
  }

  #set({ ring, master }: Unlocked, revision: number): void {
    this.#known = { ring, master }
    this.#revision = revision
    this.#outdated = false
  }
}

/** Whether it is to be sealed, and is not sealed with that data key. */
export const isOlder = ({ key, value }: EngineRecord, primary: string): boolean =>
  value !== null && key.startsWith(SEALED_PREFIX) && !value.startsWith(`${MARK}${primary}:`)

const isConflict = (error: unknown): boolean =>
  error instanceof StoreError && ['RevisionConflict', 'KeyNotFound', 'KeyExists'].includes(error.code)

export function ignoreConflict(error: unknown): void {
  if (!isConflict(error)) throw error
}
