// How long the kubelet's own work takes, under upstream's names: what it asks of the runtime, passes over pods, pods until
// they run, looks at everything that the runtime has. Dashboards and alerts read it of /metrics; no pod has a series of its own.
import { Buckets } from '../../../shared/machinery/buckets.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'

/** Prometheus' own, which upstream has where nothing else is said. In seconds, as are those below. */
const USUAL = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const OPERATIONS = Array.from({ length: 14 }, (_, at) => 0.005 * 2.5 ** at)
const STARTS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600] // prettier-ignore

/** What a pass over a pod was for. */
export type PassKind = 'create' | 'update' | 'sync' | 'kill'

interface Operation {
  readonly seconds: Buckets
  count: number
  errors: number
}

export class WorkTimes {
  readonly #clock: Clock
  readonly operations = new Map<string, Operation>()
  readonly passes = new Map<PassKind, Buckets>()
  readonly podStarts = new Buckets(STARTS)
  readonly relists = new Buckets(USUAL)
  readonly relistIntervals = new Buckets(USUAL)
  #relistedMs: number | undefined
  /** In the wall clock's seconds; undefined before the first look. */
  lastRelistSeconds: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Times what the runtime is asked. @param type as upstream names it: `create_container` */
  async operation<T>(type: string, work: () => Promise<T>): Promise<T> {
    let operation = this.operations.get(type)
    if (!operation) this.operations.set(type, (operation = { seconds: new Buckets(OPERATIONS), count: 0, errors: 0 }))
    operation.count++
    const startMs = this.#clock.monotonic()
    try {
      return await work()
    } catch (error) {
      operation.errors++
      throw error
    } finally {
      operation.seconds.observe(this.#secondsSince(startMs))
    }
  }

  /** Times a pass, however it ends. @param kindOf tells at its end what it was for */
  async pass(kindOf: () => PassKind, work: () => Promise<void>): Promise<void> {
    const startMs = this.#clock.monotonic()
    try {
      await work()
    } finally {
      const kind = kindOf()
      let seconds = this.passes.get(kind)
      if (!seconds) this.passes.set(kind, (seconds = new Buckets(USUAL)))
      seconds.observe(this.#secondsSince(startMs))
    }
  }

  /** A pod runs. @param sinceMs when the kubelet saw it first, monotonic */
  podRuns(sinceMs: number): void {
    this.podStarts.observe(this.#secondsSince(sinceMs))
  }

  /** Times a look at everything. */
  async relist(work: () => Promise<void>): Promise<void> {
    const startMs = this.#clock.monotonic()
    if (this.#relistedMs !== undefined) this.relistIntervals.observe(this.#secondsSince(this.#relistedMs))
    this.#relistedMs = startMs
    this.lastRelistSeconds = this.#clock.now() / 1000
    await work()
    this.relists.observe(this.#secondsSince(startMs))
  }

  #secondsSince(startMs: number): number {
    return (this.#clock.monotonic() - startMs) / 1000
  }
}
