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

type Labels = Readonly<Record<string, string>>

/** A histogram by few labels whose values are all known. */
class Times {
  readonly #name: string
  readonly #series = new Map<string, { readonly labels: Labels; readonly seconds: Buckets }>()

  constructor(name: string) {
    this.#name = name
  }

  observe(key: string, labels: () => Labels, ms: number): void {
    let series = this.#series.get(key)
    if (!series) this.#series.set(key, (series = { labels: labels(), seconds: new Buckets(SECONDS) }))
    series.seconds.observe(ms / 1000)
  }

  register(registry: Registry, help: string): void {
    const facts = { name: this.#name, help, type: 'histogram', aggregator: 'sum' }
    const values = (): Sample[] =>
      [...this.#series.values()].flatMap(({ labels, seconds }) => seconds.samples(this.#name, labels))
    const family = { ...facts, get: () => Promise.resolve({ ...facts, values: values() }), reset: () => this.#series.clear() } // prettier-ignore
    registry.registerMetric(family as unknown as Histogram)
  }
}

export class AdmissionTimes {
  readonly #clock: Clock
  readonly #plugins = new Times('apiserver_admission_controller_admission_duration_seconds')
  readonly #steps = new Times('apiserver_admission_step_admission_duration_seconds')

  constructor(clock: Clock) {
    this.#clock = clock
  }

  register(registry: Registry): void {
    this.#plugins.register(registry, 'How long an admission plugin took, by its name, the operation, the step and whether it refused.') // prettier-ignore
    this.#steps.register(registry, 'How long all admission plugins of a step took, by the operation and whether one refused.') // prettier-ignore
  }

  /** A step begins. @returns what is told of each plugin in turn: when it is done, or that it refused */
  begin(type: AdmissionStep, { operation }: AdmissionRequest): StepTimes {
    const beganMs = this.#clock.monotonic()
    let fromMs = beganMs
    const plugin = (name: string, rejected: boolean) => {
      const nowMs = this.#clock.monotonic()
      const labels = () => ({ name, type, operation, rejected: String(rejected) })
      this.#plugins.observe(`${name} ${type} ${operation} ${rejected}`, labels, nowMs - fromMs)
      fromMs = nowMs
    }
    const step = (rejected: boolean) => {
      const labels = () => ({ type, operation, rejected: String(rejected) })
      this.#steps.observe(`${type} ${operation} ${rejected}`, labels, fromMs - beganMs)
    }
    return {
      done: name => plugin(name, false),
      refused(name) {
        plugin(name, true)
        step(true)
      },
      over: () => step(false),
    }
  }
}

export interface StepTimes {
  done(name: string): void
  /** Ends the step. */
  refused(name: string): void
  /** Nobody refused. */
  over(): void
}
