// The system's namespaces: one that somebody deleted is there again a minute later.
import { Namespace } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isAlreadyExists } from '../../../shared/machinery/status.ts'

export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** Between two looks. */
const LOOK_MS = 60_000

export interface SystemNamespacesOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
}

export class SystemNamespaces implements AsyncDisposable {
  readonly #options: SystemNamespacesOptions
  readonly #end = new AbortController()
  readonly #looking: Promise<void>

  constructor(options: SystemNamespacesOptions) {
    this.#options = options
    this.#looking = this.#keepLooking()
  }

  async #keepLooking(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#end
    for (;;) {
      await delay(clock, LOOK_MS, signal).catch(() => undefined) // aborted: the loop ends
      if (signal.aborted) return
      await this.#look().catch((error: unknown) =>
        log.warn({ err: error }, "the system's namespaces could not be made"),
      )
    }
  }

  async #look(): Promise<void> {
    const { client } = this.#options
    const { items } = await client.list(Namespace)
    const there = new Set(items.map(({ metadata }) => metadata.name))
    for (const name of SYSTEM_NAMESPACES) {
      if (there.has(name)) continue
      await client.create(Namespace, { metadata: { name }, spec: {} }).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#looking
  }
}
