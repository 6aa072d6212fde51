// Whom an eviction takes first: who uses more than it asked for, then who matters less, then who uses most beyond it.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'

export interface Candidate {
  readonly pod: Pod
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly pids: number
}

const priorityOf = ({ pod }: Candidate): number => pod.spec.priority ?? 0
const requestOf = ({ pod }: Candidate, resource: string): number =>
  totalOf(pod.spec, 'requests').get(resource)?.value() ?? 0
const first = (...differences: number[]): number => differences.find(difference => difference !== 0) ?? 0

/** @param resource as upstream names what is short: `memory`, `ephemeral-storage`, `inodes`, `pids` */
export function rankForEviction(candidates: readonly Candidate[], resource: string): Candidate[] {
  if (resource === 'pids') return candidates.toSorted((a, b) => first(priorityOf(a) - priorityOf(b), b.pids - a.pids))
  const usage = ({ memoryBytes, diskBytes }: Candidate) => (resource === 'memory' ? memoryBytes : diskBytes)
  const request = resource === 'memory' ? 'memory' : 'ephemeral-storage'
  const beyond = (candidate: Candidate) => usage(candidate) - requestOf(candidate, request)
  return candidates.toSorted((a, b) =>
    first(Number(beyond(b) > 0) - Number(beyond(a) > 0), priorityOf(a) - priorityOf(b), beyond(b) - beyond(a)),
  )
}
