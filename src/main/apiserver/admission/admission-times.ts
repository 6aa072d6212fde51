// How long admission takes: each plugin, and all plugins of a step together, under upstream's metric names.
// @see https://kubernetes.io/docs/reference/instrumentation/metrics/
import type { Histogram, Registry } from 'prom-client'
import { Buckets, type Sample } from '../../../shared/machinery/buckets.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { AdmissionRequest } from './contract.ts'

/** Upstream's. */
const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]

/** Plugins change an object first, then check it. */
export type AdmissionStep = 'admit' | 'validate'

const NAMES = {
  plugin: 'apiserver_admission_controller_admission_duration_seconds',
  step: 'apiserver_admission_step_admission_duration_seconds',
}

const OUTCOMES = ['done', 'refused'] as const
type Outcome = (typeof OUTCOMES)[number]

/** Of one step of one operation: nothing is made anew where a write passes again. */
class Series {
  readonly labels: { readonly type: AdmissionStep; readonly operation: string }
  readonly step = { done: new Buckets(SECONDS), refused: new Buckets(SECONDS) }
  readonly #plugins = { done: new Map<string, Buckets>(), refused: new Map<string, Buckets>() }

  constructor(type: AdmissionStep, operation: string) {
    this.labels = { type, operation }
  }

  plugin(outcome: Outcome, name: string): Buckets {
    const known = this.#plugins[outcome]
    let seconds = known.get(name)
    if (!seconds) known.set(name, (seconds = new Buckets(SECONDS)))
    return seconds
  }

  ofPlugins(): Sample[] {
    return OUTCOMES.flatMap(outcome =>
      [...this.#plugins[outcome]].flatMap(([name, seconds]) =>
        seconds.samples(NAMES.plugin, { name, ...this.labels, rejected: String(outcome === 'refused') }),
      ),
    )
  }

  ofStep(): Sample[] {
    return OUTCOMES.flatMap(outcome =>
      this.step[outcome].samples(NAMES.step, { ...this.labels, rejected: String(outcome === 'refused') }),
    )
  }
}

export class AdmissionTimes {
  readonly #clock: Clock
  readonly #series = { admit: new Map<string, Series>(), validate: new Map<string, Series>() }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  register(registry: Registry): void {
    const all = () => [...this.#series.admit.values(), ...this.#series.validate.values()]
    const add = (name: string, help: string, samples: (series: Series) => Sample[]) => {
      const facts = { name, help, type: 'histogram', aggregator: 'sum' }
      const reset = () => {
        this.#series.admit.clear()
        this.#series.validate.clear()
      }
      const family = { ...facts, get: () => Promise.resolve({ ...facts, values: all().flatMap(samples) }), reset }
      registry.registerMetric(family as unknown as Histogram)
    }
    add(NAMES.plugin, 'How long an admission plugin took with what it is asked about, by its name, the operation, the step and whether it refused.', series => series.ofPlugins()) // prettier-ignore
    add(NAMES.step, 'How long all admission plugins of a step took, by the operation and whether one refused.', series => series.ofStep()) // prettier-ignore
  }

  /** A step begins. @returns what is told of each plugin in turn: when it is done, or that it refused */
  begin(type: AdmissionStep, { operation }: Pick<AdmissionRequest, 'operation'>): StepTimes {
    const known = this.#series[type]
    let series = known.get(operation)
    if (!series) known.set(operation, (series = new Series(type, operation)))
    return new StepTimes(series, this.#clock)
  }
}

class StepTimes {
  readonly #series: Series
  readonly #clock: Clock
  readonly #beganMs: number
  #fromMs: number

  constructor(series: Series, clock: Clock) {
    this.#series = series
    this.#clock = clock
    this.#beganMs = this.#fromMs = clock.monotonic()
  }

  done(name: string): void {
    this.#passed('done', name)
  }

  /** Ends the step. */
  refused(name: string): void {
    this.#passed('refused', name)
    this.#end('refused')
  }

  /** Nobody refused. */
  over(): void {
    this.#end('done')
  }

  #passed(outcome: Outcome, name: string): void {
    const nowMs = this.#clock.monotonic()
    this.#series.plugin(outcome, name).observe((nowMs - this.#fromMs) / 1000)
    this.#fromMs = nowMs
  }

  #end(outcome: Outcome): void {
    this.#series.step[outcome].observe((this.#fromMs - this.#beganMs) / 1000)
  }
}
