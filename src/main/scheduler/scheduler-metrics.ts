// What /metrics tells about the scheduler, under upstream's names.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'

/** Pods waiting, by queue. */
export type PendingPods = Readonly<Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>>

export interface SchedulerMetrics {
  /** @param depth of the scheduler that places pods from now on */
  follow(depth: () => PendingPods): void
  /** A pod was tried: from when it was taken to its binding, or until it was known that there is none. */
  attempted(result: AttemptResult, profile: string, durationMs: number): void
}

/** 1 ms to 16 s. */
const SECONDS = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  let depthOf: (() => PendingPods) | undefined
  const labelNames = ['result', 'profile']
  const attempts = new Counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Attempts to schedule pods, by how they ended.',
    labelNames,
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'How long attempts to schedule a pod took, with its binding.',
    labelNames,
    buckets: SECONDS,
    registers: [registry],
  })
  new Gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods waiting to be scheduled, by queue.',
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      for (const [queue, pods] of Object.entries(depthOf?.() ?? {})) this.set({ queue }, pods)
    },
  })
  return {
    follow: depth => void (depthOf = depth),
    attempted(result, profile, durationMs) {
      attempts.inc({ result, profile })
      durations.observe({ result, profile }, durationMs / 1000)
    },
  }
}
