// The system's namespaces: one that somebody deleted is there again a minute later.
import { Namespace } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'

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
      await this.#look(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, "the system's namespaces could not be made")
      })
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    // There may be very many others.
    for (const name of SYSTEM_NAMESPACES) {
      const isThere = await client.get(Namespace, { name }, { signal }).then(() => true, unless(isNotFound))
      if (!isThere)
        await client.create(Namespace, { metadata: { name }, spec: {} }, { signal }).catch(unless(isAlreadyExists))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#looking
  }
}

const unless = (isExpected: (error: unknown) => boolean) => (error: unknown) => {
  if (!isExpected(error)) throw error
}
