// Names outside the cluster: cached answers of the host's DNS servers; equal questions at the same time ask once.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../shared/machinery/clock.ts'
import { type Answer, type Query, RCODE } from './message.ts'
import { askUpstream, type UpstreamServer } from './upstream.ts'

export interface ResolverOptions {
  /** @returns the servers to ask, in order */
  readonly servers: () => readonly UpstreamServer[]
  readonly clock: Clock
  readonly counted: (event: 'hit' | 'miss' | 'failed') => void
}

export interface CachedAnswer {
  readonly answer: Answer
  readonly ageSeconds: number
}

const MAX_ENTRIES = 10_000
const MAX_BYTES = 16 * 1024 * 1024
const MAX_TTL_SECONDS = 3_600
const MAX_NEGATIVE_TTL_SECONDS = 30

interface Entry {
  readonly answer: Answer
  readonly storedAt: number
  readonly ttlSeconds: number
}

export class Resolver implements Disposable {
  readonly #options: ResolverOptions
  readonly #cache = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ answer }) => answer.message.length + 200,
  })
  readonly #asking = new Map<string, Promise<Answer>>()
  readonly #stop = new AbortController()

  constructor(options: ResolverOptions) {
    this.#options = options
  }

  /** @throws Error when no server answers */
  async resolve(query: Query): Promise<CachedAnswer> {
    const { clock, counted } = this.#options
    const key = `${query.edns?.dnssecOk ? 'd' : ''} ${query.type} ${query.name.toLowerCase()}`
    const entry = this.#cache.get(key)
    if (entry) {
      const ageSeconds = Math.floor((clock.monotonic() - entry.storedAt) / 1000)
      if (ageSeconds < entry.ttlSeconds) {
        counted('hit')
        return { answer: entry.answer, ageSeconds }
      }
      this.#cache.delete(key)
    }
    counted('miss')
    let asking = this.#asking.get(key)
    if (!asking) {
      asking = this.#ask(key, query).finally(() => this.#asking.delete(key))
      this.#asking.set(key, asking)
    }
    return { answer: await asking, ageSeconds: 0 }
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the DNS server stops'))
  }

  async #ask(key: string, query: Query): Promise<Answer> {
    const { servers, clock, counted } = this.#options
    try {
      const answer = await askUpstream(query, servers(), this.#stop.signal)
      const ttlSeconds = keptFor(answer)
      if (ttlSeconds > 0) this.#cache.set(key, { answer, storedAt: clock.monotonic(), ttlSeconds })
      return answer
    } catch (error) {
      counted('failed')
      throw error
    }
  }
}

function keptFor({ rcode, ttlSeconds = 0, message }: Answer): number {
  if (rcode !== RCODE.noError && rcode !== RCODE.nxDomain) return 0
  const isNegative = rcode === RCODE.nxDomain || message.readUInt16BE(6) === 0
  return Math.min(ttlSeconds, isNegative ? MAX_NEGATIVE_TTL_SECONDS : MAX_TTL_SECONDS)
}
