// A client that keeps within what the server takes: at most so many requests at a time, and again when told to wait.
import { type Clock, delay } from '../machinery/clock.ts'
import { ApiError } from '../machinery/status.ts'
import type { Client } from './client.ts'

export interface RequestLimits {
  /** Runs the request when its turn comes; waits and repeats it when the server answers 429. */
  run<R>(request: () => Promise<R>): Promise<R>
}

const MAX_RETRIES = 10

/** One set of limits may be shared by several clients. Requests take their turns in the order of their calls. */
export function createRequestLimits(clock: Clock, maxInFlight: number): RequestLimits {
  let inFlight = 0
  const waiting: (() => void)[] = []

  async function attempt<R>(request: () => Promise<R>): Promise<R> {
    if (inFlight >= maxInFlight) await new Promise<void>(resolve => waiting.push(resolve))
    else inFlight += 1
    try {
      return await request()
    } finally {
      // The turn is handed on, so that nobody who comes now can overtake.
      const next = waiting.shift()
      if (next) next()
      else inFlight -= 1
    }
  }

  return {
    async run(request) {
      for (let retries = 0; ; retries++) {
        try {
          return await attempt(request)
        } catch (error) {
          const overloaded = error instanceof ApiError && error.code === 429 && retries < MAX_RETRIES
          const seconds = overloaded ? error.status.details?.retryAfterSeconds : undefined
          if (seconds === undefined) throw error
          await delay(clock, seconds * 1000)
        }
      }
    },
  }
}

/** Watches are not limited: they last. */
export const limitedClient = (client: Client, { run }: RequestLimits): Client => ({
  get: (type, ref, options) => run(() => client.get(type, ref, options)),
  list: (type, query) => run(() => client.list(type, query)),
  watch: (type, query) => client.watch(type, query),
  create: (type, object, options) => run(() => client.create(type, object, options)),
  update: (type, object, options) => run(() => client.update(type, object, options)),
  updateStatus: (type, object, options) => run(() => client.updateStatus(type, object, options)),
  patch: (type, ref, patch, options) => run(() => client.patch(type, ref, patch, options)),
  delete: (type, ref, options) => run(() => client.delete(type, ref, options)),
  deleteCollection: (type, query, options) => run(() => client.deleteCollection(type, query, options)),
  createSubresource: (type, ref, subresource, body) =>
    run(() => client.createSubresource(type, ref, subresource, body)),
  raw: (method, path, body) => run(() => client.raw(method, path, body)),
})
