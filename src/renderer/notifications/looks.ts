// Whose pods are looked at now: a cluster where hundreds stay behind is not asked about all of them at once. Pure.
import type { Suspect } from './troubles.ts'

export interface Look {
  readonly at: number
  /** What is wrong with a pod of it; undefined while all are on their way. */
  readonly text: string | undefined
}

/** How often the pods of a workload that stays behind are looked at, at most. */
const LOOK_MS = 15_000
/** Requests of one check. */
const MOST_LOOKS = 5

/** Those never looked at first, then the ones whose look is the oldest. */
export function dueFor(wanted: readonly Suspect[], looks: ReadonlyMap<string, Look>, at: number): Suspect[] {
  const lookedAt = ({ key }: Suspect) => looks.get(key)?.at ?? -Infinity
  return wanted
    .filter(suspect => suspect.podSelector !== undefined && at - lookedAt(suspect) >= LOOK_MS)
    .sort((a, b) => lookedAt(a) - lookedAt(b) || 0)
    .slice(0, MOST_LOOKS)
}
