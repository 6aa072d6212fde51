// The pods of a Job that are to be stopped although nothing is wrong with them: there are more than it wants.
import type { Job } from '../../../shared/api/batch/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { podsToDelete } from '../support/deletion-ranking.ts'
import { indexOf } from './indexes.ts'

/**
 * @param running pods that are not about to end
 * @returns first, whatever the count is, those whose index the Job does not have (any more) and all but one of an index
 */
export function surplusPods(job: Job, running: readonly Pod[], wanted: number, nowMs: number): Pod[] {
  const redundant = job.spec.completionMode === 'Indexed' ? redundantPods(job, running, nowMs) : []
  const rest = running.filter(pod => !redundant.includes(pod))
  return [...redundant, ...podsToDelete(rest, [], rest.length - Math.max(0, wanted), nowMs)]
}

function redundantPods({ spec }: Job, running: readonly Pod[], nowMs: number): Pod[] {
  const byIndex = new Map<number | undefined, Pod[]>()
  for (const pod of running) {
    const index = indexOf(pod)
    const known = index !== undefined && index < (spec.completions ?? 0) ? index : undefined
    byIndex.set(known, [...(byIndex.get(known) ?? []), pod])
  }
  return [...byIndex].flatMap(([index, pods]) =>
    index === undefined ? pods : podsToDelete(pods, [], pods.length - 1, nowMs),
  )
}
