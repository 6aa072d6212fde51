// Shared informers: one list and one watch per kind and scope, however many controllers read them.
import type { Clock } from '../machinery/clock.ts'
import type { KubeObject } from '../machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../machinery/resource-type.ts'
import type { Client } from './client.ts'
import { Informer, type InformerOptions, type InformerScope } from './informer.ts'

export class InformerFactory {
  readonly #client: Client
  readonly #options: InformerOptions
  readonly #informers = new Map<string, Informer<KubeObject>>()
  #signal: AbortSignal | undefined

  constructor(client: Client, clock: Clock, options: Pick<InformerOptions, 'random' | 'onError'> = {}) {
    this.#client = client
    this.#options = { ...options, clock }
  }

  /** @returns the shared informer of this kind and scope; it starts at once when the factory runs. */
  informer<T extends KubeObject>(type: ResourceType<T>, scope: InformerScope = {}): Informer<T> {
    const { namespace = '', labelSelector = '', fieldSelector = '' } = scope
    const key = JSON.stringify([apiVersionOf(type), type.plural, namespace, labelSelector, fieldSelector])
    let informer = this.#informers.get(key)
    if (!informer) {
      informer = new Informer<KubeObject>(this.#client, type, { ...this.#options, ...scope })
      this.#informers.set(key, informer)
      if (this.#signal) void informer.start(this.#signal)
    }
    return informer as unknown as Informer<T>
  }

  /** Starts every informer, and those asked for later; all end with the signal. */
  start(signal: AbortSignal): void {
    this.#signal = signal
    for (const informer of this.#informers.values()) void informer.start(signal)
  }

  /** Resolves when every informer asked for so far has shown its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map(informer => informer.synced()))
  }
}
