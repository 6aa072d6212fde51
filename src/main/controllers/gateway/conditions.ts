// Conditions as the Gateway API writes them: each says for which generation it holds.
import type { Condition } from '../../../shared/api/meta/v1.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import type { Verdict } from '../../../shared/machinery/gateway/listeners.ts'

/** @returns `old` with these in it; the same list when they say nothing new */
export function withConditions(
  old: readonly Condition[] | undefined,
  verdicts: Readonly<Record<string, Verdict>>,
  observedGeneration: number,
  now: string,
): Condition[] {
  let conditions = [...(old ?? [])]
  for (const [type, { status, reason, message }] of Object.entries(verdicts)) {
    const next = { type, status: status ? 'True' : 'False', reason, message, observedGeneration }
    conditions = setCondition(conditions, next, now)
  }
  return conditions
}
