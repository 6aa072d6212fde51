// With which credentials this node pulled its images: an image that is here is no one's for the taking where its registry
// asks who wants it. Whoever can show none of the credentials with which it came has to pull it again. Images that
// somebody else put on the machine are everybody's.
// @see https://kubernetes.io/docs/concepts/containers/images/#ensureimagepullcredentialverification
import { join } from 'node:path'
import type { Log } from '../../../shared/machinery/log.ts'
import { readState, writeState } from '../../network/state-file.ts'
import { type PullCredential, type SecretSource, repositoryOf } from './pull-secrets.ts'

interface Access {
  /** It was pulled without credentials. */
  readonly everyone?: true
  readonly secrets: readonly SecretSource[]
}

/** By repository. */
type PulledImage = Readonly<Record<string, Access>>

interface Stored {
  /** By id. */
  readonly images?: Readonly<Record<string, PulledImage>>
  /** References whose pull began: after a power cut, an image that came may not have been written down. */
  readonly begun?: readonly string[]
}

/** Of one image: secrets change, and each that opened it once is remembered. */
const MOST_SECRETS = 100

export class PullRecords {
  readonly #path: string
  readonly #log: Log
  #saving: Promise<void> = Promise.resolve()
  readonly #images = new Map<string, PulledImage>()
  /** How many pulls of a reference are under way; 0 = one that began in an earlier life. */
  readonly #begun = new Map<string, number>()

  constructor(dataDir: string, log: Log) {
    this.#path = join(dataDir, 'pull-records.json')
    this.#log = log
    // Missing or damaged, it says nothing: what is on the machine then counts as put there by somebody else.
    const { images = {}, begun = [] } = (readState(this.#path) ?? {}) as Stored
    for (const [id, pulled] of Object.entries(images)) this.#images.set(id, pulled)
    for (const image of begun) this.#begun.set(image, 0)
  }

  /**
   * Whether a pod may use an image that is here.
   * @param id of the image
   * @param credentials that the pod has for it; asked for when they matter
   */
  async mayUse(image: string, id: string, credentials: () => Promise<readonly PullCredential[]>): Promise<boolean> {
    const pulled = this.#images.get(id)
    if (!pulled) return !this.#begun.has(image)
    const access = pulled[repositoryOf(image)]
    if (!access) return false
    if (access.everyone) return true
    for (const { source } of await credentials()) {
      if (!access.secrets.some(known => isSameSecret(known, source) || known.hash === source.hash)) continue
      // Renewed, or a copy in another namespace: the next one like it is known by both.
      await this.#note(image, id, source)
      return true
    }
    return false
  }

  async begins(image: string): Promise<void> {
    this.#begun.set(image, (this.#begun.get(image) ?? 0) + 1)
    await this.#save()
  }

  /** @param source of the credentials with which it came; undefined = it came without */
  async came(image: string, id: string, source: SecretSource | undefined): Promise<void> {
    await this.#note(image, id, source)
  }

  /** A pull that began is over, whether the image came or not. */
  async ended(image: string): Promise<void> {
    const others = (this.#begun.get(image) ?? 1) - 1
    if (others > 0) this.#begun.set(image, others)
    else this.#begun.delete(image)
    await this.#save()
  }

  /** Forgets images that are no longer here. @param list ids of those that are */
  async forgetGone(list: () => Promise<readonly string[]>): Promise<void> {
    const before = new Map(this.#images)
    if (before.size === 0) return
    const here = new Set(await list())
    for (const [id, pulled] of before)
      // One that was pulled meanwhile stays.
      if (!here.has(id) && this.#images.get(id) === pulled) this.#images.delete(id)
    if (this.#images.size !== before.size) await this.#save()
  }

  async #note(image: string, id: string, source: SecretSource | undefined): Promise<void> {
    const repository = repositoryOf(image)
    const pulled = this.#images.get(id)
    const before = pulled?.[repository]
    const after = withAccess(before, source)
    if (after === before) return
    this.#images.set(id, { ...pulled, [repository]: after })
    await this.#save()
  }

  /** A disk that is full keeps no image away: what cannot be written now is written with the next change. */
  #save(): Promise<void> {
    const write = async () => {
      const stored: Stored = { images: Object.fromEntries(this.#images), begun: [...this.#begun.keys()] }
      await writeState(this.#path, JSON.stringify(stored))
    }
    this.#saving = this.#saving
      .then(write)
      .catch((error: unknown) => this.#log.warn({ error: String(error) }, 'pull of an image not written down'))
    return this.#saving
  }
}

const isSameSecret = (a: SecretSource, b: SecretSource): boolean =>
  a.uid === b.uid && a.namespace === b.namespace && a.name === b.name

function withAccess(before: Access | undefined, source: SecretSource | undefined): Access {
  const secrets = before?.secrets ?? []
  if (before?.everyone) return before
  if (!source) return { everyone: true, secrets: [] }
  if (before && secrets.some(known => isSameSecret(known, source) && known.hash === source.hash)) return before
  if (before && secrets.length >= MOST_SECRETS) return before
  return { secrets: [...secrets.filter(known => !isSameSecret(known, source)), source] }
}
