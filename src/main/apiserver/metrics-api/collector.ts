// Reads the nodes' statistics through their links: every 15 seconds while somebody asks for them, and else once a minute
// for the history of the last hours.
import { request } from 'node:http'
import PQueue from 'p-queue'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { withoutUpgrade } from '../../../shared/machinery/unasked-upgrade.ts'
import type { NodeDialer } from '../proxy/node-tunnels.ts'
import { type Measured, type Reading, measure, readingOf } from './readings.ts'
import { HISTORY_EVERY_MS, UsageHistory } from './usage-history.ts'

export interface CollectorOptions {
  readonly dialer: NodeDialer & { readonly connected: readonly string[] }
  readonly clock: Clock
}

const EVERY_MS = 15_000
/** Without a question for so long, nobody is interested any more. */
const IDLE_MS = 5 * 60_000
/** After an idle time the first answer waits for a second reading, so soon. */
const FIRST_WINDOW_MS = 2_000
const AT_ONCE = 10
const READ_TIMEOUT_MS = 10_000
const MAX_SUMMARY_BYTES = 16 << 20

export class MetricsCollector implements AsyncDisposable {
  readonly #options: CollectorOptions
  readonly #stop = new AbortController()
  readonly #readings = new Map<string, Reading>()
  #measured = new Map<string, Measured>()
  #askedAtMs = 0
  #running: Promise<void> | undefined
  #first: Promise<void> | undefined
  #keeping: Promise<void> | undefined
  readonly history = new UsageHistory()

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  /** @returns the newest measurements by node; after an idle time they take two seconds */
  async measured(): Promise<ReadonlyMap<string, Measured>> {
    this.#askedAtMs = this.#options.clock.monotonic()
    if (!this.#running) {
      this.#first = this.#measureTwice()
      this.#running = this.#first.then(() => this.#goOn()).finally(() => (this.#running = undefined))
      this.#running.catch(() => undefined) // ended by dispose
    }
    await this.#first
    return this.#measured
  }

  /** From now on the history grows, whether somebody asks or not. */
  keepHistory(): void {
    this.#keeping ??= this.#keep()
    this.#keeping.catch(() => undefined) // ended by dispose
  }

  async #keep(): Promise<void> {
    const { clock } = this.#options
    for (;;) {
      // Whoever asks has it read more often than that.
      if (!this.#running) await this.#readAll()
      const isAny = this.#measured.size > 0
      if (isAny) this.history.add(clock.now(), this.#measured)
      // The first node's first numbers are not a minute late.
      await delay(clock, isAny ? HISTORY_EVERY_MS : EVERY_MS, this.#stop.signal)
    }
  }

  async #measureTwice(): Promise<void> {
    this.#readings.clear()
    this.#measured = new Map()
    await this.#readAll()
    await delay(this.#options.clock, FIRST_WINDOW_MS, this.#stop.signal)
    await this.#readAll()
  }

  async #goOn(): Promise<void> {
    const { clock } = this.#options
    for (;;) {
      await delay(clock, EVERY_MS, this.#stop.signal)
      if (clock.monotonic() - this.#askedAtMs > IDLE_MS) return
      await this.#readAll()
    }
  }

  /** Nodes that cannot be read have no measurements until they can. */
  async #readAll(): Promise<void> {
    const { dialer, clock } = this.#options
    const nodes = new Set(dialer.connected)
    for (const name of this.#readings.keys()) if (!nodes.has(name)) this.#readings.delete(name)
    const measured = new Map<string, Measured>()
    const queue = new PQueue({ concurrency: AT_ONCE })
    await Promise.all(
      [...nodes].map(name =>
        queue.add(async () => {
          const before = this.#readings.get(name)
          const askedMs = clock.monotonic()
          try {
            const summary = await readSummary(dialer, name, clock, this.#stop.signal)
            const now = readingOf(summary, { atMs: clock.now(), askedMs, monotonicMs: clock.monotonic() })
            this.#readings.set(name, now)
            if (before && now.monotonicMs > before.monotonicMs) measured.set(name, measure(before, now))
          } catch {
            this.#readings.delete(name)
          }
        }),
      ),
    )
    this.#measured = measured
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server stops'))
    await this.#running?.catch(() => undefined)
    await this.#keeping?.catch(() => undefined)
  }
}

/** @throws Error, ApiError */
async function readSummary(dialer: NodeDialer, node: string, clock: Clock, stop: AbortSignal): Promise<unknown> {
  const late = new AbortController()
  const cancel = clock.after(READ_TIMEOUT_MS, () => late.abort(new Error(`node ${node} does not answer`)))
  const signal = AbortSignal.any([stop, late.signal])
  try {
    const connection = await dialer.dial(node, 'kubelet')
    connection.on('error', () => undefined) // the request is told as well
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(
        {
          path: '/stats/summary?only_cpu_and_memory=true', // the rest costs the node much, the more pods the more
          headers: { host: 'kubelet', connection: 'close' },
          createConnection: () => connection as never,
          signal,
        },
        answer => {
          const chunks: Buffer[] = []
          let size = 0
          answer.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size > MAX_SUMMARY_BYTES) answer.destroy(new Error(`node ${node} says too much`))
            else chunks.push(chunk)
          })
          answer.on('error', reject)
          answer.on('end', () =>
            answer.statusCode === 200
              ? resolve(Buffer.concat(chunks).toString())
              : reject(new Error(`node ${node} answers ${answer.statusCode}`)),
          )
        },
      )
      withoutUpgrade(sent).on('error', reject)
      sent.end()
    })
    return JSON.parse(text)
  } finally {
    cancel()
  }
}
