// Which pods make room for a critical pod that the node is too full for: as few as possible, best-effort pods before
// burstable ones before guaranteed ones.
// @see https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/
import type { Pod } from '../../../shared/api/core/v1.ts'
import { isCritical } from '../spec/critical.ts'
import { type Shortage, requestOf } from './fit.ts'

/** What is still lacking, by resource. */
type Lack = ReadonlyMap<string, number>

const less = (lack: Lack, pods: readonly Pod[]): Lack =>
  new Map(
    [...lack]
      .map(([name, amount]) => [name, pods.reduce((left, pod) => left - requestOf(pod, name), amount)] as const)
      .filter(([, left]) => left > 0),
  )

/** How much of what is lacking a pod would leave lacking; each resource counts alike. */
const distance = (lack: Lack, pod: Pod): number =>
  [...lack].reduce((sum, [name, amount]) => sum + (Math.max(0, amount - requestOf(pod, name)) / amount) ** 2, 0)

const inWords = (lack: Lack): string =>
  `[${[...lack].map(([name, amount]) => `(res: ${name}, q: ${amount}), `).join('')}]`

const noneFor = (lack: Lack): Error => new Error(`no set of running pods found to reclaim resources: ${inWords(lack)}`)

/** Again and again the one that fits best; of two alike the one that asks for less. */
function fewest(candidates: readonly Pod[], lack: Lack): Pod[] {
  const chosen: Pod[] = []
  const left = new Set(candidates)
  for (let missing = lack; missing.size > 0; missing = less(lack, chosen)) {
    const [best] = [...left].toSorted(
      (a, b) =>
        distance(missing, a) - distance(missing, b) ||
        requestOf(a, 'memory') - requestOf(b, 'memory') ||
        requestOf(a, 'cpu') - requestOf(b, 'cpu'),
    )
    if (!best) throw noneFor(missing)
    left.delete(best)
    chosen.push(best)
  }
  return chosen
}

/** Among critical pods, those of a known and lower priority. */
function isBelow(pod: Pod, critical: Pod): boolean {
  if (!isCritical(pod)) return true
  const [own, others] = [pod.spec.priority, critical.spec.priority]
  return own !== undefined && others !== undefined && own < others
}

/**
 * @param pods that run here
 * @param shortages of the node for the critical pod
 * @throws Error when even all pods that matter less would not make enough room
 */
export function victimsOf(critical: Pod, pods: readonly Pod[], shortages: readonly Shortage[]): Pod[] {
  const lack: Lack = new Map(shortages.map(({ resource, lacking }) => [resource, lacking]))
  const ofClass = (name: string) =>
    pods.filter(pod => isBelow(pod, critical) && (pod.status.qosClass ?? 'BestEffort') === name)
  const [bestEffort, burstable, guaranteed] = [ofClass('BestEffort'), ofClass('Burstable'), ofClass('Guaranteed')]
  const beyondAll = less(lack, [...bestEffort, ...burstable, ...guaranteed])
  if (beyondAll.size > 0) throw noneFor(beyondAll)
  const third = fewest(guaranteed, less(lack, [...bestEffort, ...burstable]))
  const second = fewest(burstable, less(lack, [...bestEffort, ...third]))
  const first = fewest(bestEffort, less(lack, [...second, ...third]))
  return [...first, ...second, ...third]
}
