// Graceful node shutdown: the machine waits while pods end, group by group.
// @see https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#graceful-node-shutdown
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { Lock, ShutdownSource } from './logind.ts'
import { type GracePeriod, graceSecondsOf, shutdownPhases, totalSeconds } from './phases.ts'

/** After the source of shutdowns ended by itself. */
const RETRY_MS = 10_000

export interface ShutdownManagerOptions {
  readonly source: ShutdownSource
  readonly periods: readonly GracePeriod[]
  readonly pods: () => readonly Pod[]
  /** Ends a pod; resolves when nothing of it runs and what became of it is known where it has to be. */
  readonly end: (pod: Pod, graceSeconds: number, isApiThere: boolean) => Promise<void>
  /** Tells the API that a shutdown has begun, or was called off. @returns whether it could be told */
  readonly announce: (isShuttingDown: boolean) => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
}

export class ShutdownManager {
  readonly #options: ShutdownManagerOptions
  #isShuttingDown = false
  #lock: Lock | undefined

  constructor(options: ShutdownManagerOptions) {
    this.#options = options
  }

  get isShuttingDown(): boolean {
    return this.#isShuttingDown
  }

  /** Until the signal aborts; at once where nothing tells of shutdowns. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, periods, log } = this.#options
    const seconds = totalSeconds(periods)
    if (seconds === 0 || !(await source.prepare(seconds))) return
    this.#lock = source.inhibit()
    while (!signal.aborted) {
      try {
        for await (const begins of source.shutdowns(signal)) await this.#turn(begins, signal)
      } catch (error) {
        log.warn({ error: String(error) }, 'shutdowns of the machine are not noticed for a while')
      }
      await delay(this.#options.clock, RETRY_MS, signal).catch(() => undefined) // aborted: the loop ends
    }
    await this.#lock?.release()
    await source.restore().catch(() => undefined) // gone with the next boot
  }

  async #turn(begins: boolean, signal: AbortSignal): Promise<void> {
    if (begins === this.#isShuttingDown) return
    this.#isShuttingDown = begins
    this.#options.log.info({ begins }, 'the machine shuts down')
    const isApiThere = await this.#options.announce(begins)
    if (!begins) {
      this.#lock = this.#options.source.inhibit()
      return
    }
    await this.#endPods(isApiThere, signal)
    await this.#lock?.release()
    this.#lock = undefined
  }

  async #endPods(isApiThere: boolean, signal: AbortSignal): Promise<void> {
    const { periods, pods, end, clock, log } = this.#options
    for (const phase of shutdownPhases(periods, pods())) {
      const ending = phase.pods.map(pod =>
        end(pod, graceSecondsOf(pod, phase.seconds), isApiThere).catch((error: unknown) => {
          log.warn({ pod: pod.metadata.name, error: String(error) }, 'pod not ended before the shutdown')
        }),
      )
      // A group that takes longer does not hold up the next.
      const timeout = new AbortController()
      const limit = AbortSignal.any([signal, timeout.signal])
      await Promise.race([Promise.all(ending), delay(clock, phase.seconds * 1000, limit).catch(() => undefined)])
      timeout.abort()
    }
  }
}
