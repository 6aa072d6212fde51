// How an operation ended, also as a condition, so that `kubectl wait --for=condition=Complete` waits for it.
import type { HostOperationStatus, HostText } from '../../../shared/api/flotilla/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { messageOf, say } from '../say.ts'

export interface Outcome {
  readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
  /** In CamelCase. */
  readonly reason: string
  readonly message: string
  /** What the message is made of, where it is no error's. */
  readonly said?: HostText[]
}

export const CANCELLED: Outcome = {
  phase: 'Cancelled',
  reason: 'Cancelled',
  ...messageOf(say('stopped as asked; run it again to go on, or remove the host')),
}

/** One of `Complete` and `Failed` is True, as of Jobs. */
export function outcome({ phase, reason, message, said = [] }: Outcome, nowMs: number): HostOperationStatus {
  const now = formatTime(nowMs)
  const type = phase === 'Succeeded' ? 'Complete' : 'Failed'
  return {
    phase,
    message,
    said,
    ...(phase === 'Succeeded' ? {} : { reason }),
    prompts: [],
    completionTime: now,
    conditions: [{ type, status: 'True', reason, message, lastTransitionTime: now }],
  }
}
