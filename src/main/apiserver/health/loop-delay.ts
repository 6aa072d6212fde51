// How late the event loop runs its timers, sampled only while somebody looks at it.
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** A stall may begin anywhere between two samples: up to this much of it goes unseen. */
const RESOLUTION_MS = 2
/** Nobody has looked for so long: sampling, which wakes the process up all the time, ends until the next look. */
const IDLE_MS = 120_000

export interface LoopDelay extends Disposable {
  /** Starts a new interval. @returns reads the delays of the interval that ends now, in seconds, by percentile */
  take(): (percentile: number) => number
}

export function createLoopDelay(): LoopDelay {
  const samples = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let idle: NodeJS.Timeout | undefined
  return {
    take() {
      clearTimeout(idle)
      idle = setTimeout(() => samples.disable(), IDLE_MS).unref()
      const values = new Map([50, 99, 100].map(percentile => [percentile, samples.percentile(percentile)]))
      samples.reset()
      samples.enable()
      // A sample is the time from one timer to the next: what lies beyond the timer's own period is the delay.
      return percentile => Math.max(0, (values.get(percentile) ?? 0) / 1e9 - RESOLUTION_MS / 1e3)
    },
    [Symbol.dispose]() {
      clearTimeout(idle)
      samples.disable()
    },
  }
}
