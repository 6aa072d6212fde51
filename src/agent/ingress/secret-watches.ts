// The Secrets whose certificates this node serves, each watched by its name: a node may read just these, and no list of
// a namespace's Secrets.
import { Secret } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import { keyOf, refOf } from '../../shared/client/object-key.ts'
import type { Clock } from '../../shared/machinery/clock.ts'

export class SecretWatches implements Disposable {
  readonly #client: Client
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #secrets = new Map<string, Secret>()
  readonly #watches = new Map<string, AbortController>()

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.#client = client
    this.#clock = clock
    this.#changed = changed
  }

  get(key: string): Secret | undefined {
    return this.#secrets.get(key)
  }
  list(): Secret[] {
    return [...this.#secrets.values()]
  }
  restore(secrets: readonly Secret[]): void {
    for (const secret of secrets) this.#secrets.set(keyOf(secret.metadata), secret)
  }

  /** Replaces what is watched; what is watched no more is forgotten. */
  follow(keys: readonly string[]): void {
    const wanted = new Set(keys)
    for (const [key, watch] of this.#watches)
      if (!wanted.has(key)) {
        watch.abort()
        this.#watches.delete(key)
      }
    for (const key of this.#secrets.keys()) if (!wanted.has(key)) this.#secrets.delete(key)
    for (const key of wanted) if (!this.#watches.has(key)) this.#watch(key)
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch.abort()
  }

  #watch(key: string): void {
    const { namespace = '', name } = refOf(key)
    const stop = new AbortController()
    this.#watches.set(key, stop)
    const options = { namespace, fieldSelector: `metadata.name=${name}`, clock: this.#clock }
    const informer = new Informer(this.#client, Secret, options)
    const put = (secret: Secret) => {
      if (keyOf(secret.metadata) !== key || stop.signal.aborted) return
      this.#secrets.set(key, secret)
      this.#changed()
    }
    informer.on({
      added: put,
      updated: put,
      deleted: secret => {
        if (keyOf(secret.metadata) === key && this.#secrets.delete(key)) this.#changed()
      },
    })
    void informer.start(stop.signal)
  }
}
