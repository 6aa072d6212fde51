// How an operation ended, also as a condition, so that `kubectl wait --for=condition=Complete` waits for it.
import type { HostOperationStatus } from '../../../shared/api/flotilla/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'

export interface Outcome {
  readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
  /** In CamelCase. */
  readonly reason: string
  readonly message: string
}

export const CANCELLED: Outcome = {
  phase: 'Cancelled',
  reason: 'Cancelled',
  message: 'stopped as asked; run it again to go on, or remove the host',
}

/** One of `Complete` and `Failed` is True, as of Jobs. */
export function outcome({ phase, reason, message }: Outcome, nowMs: number): HostOperationStatus {
  const now = formatTime(nowMs)
  const type = phase === 'Succeeded' ? 'Complete' : 'Failed'
  return {
    phase,
    message,
    ...(phase === 'Succeeded' ? {} : { reason }),
    prompts: [],
    completionTime: now,
    conditions: [{ type, status: 'True', reason, message, lastTransitionTime: now }],
  }
}
