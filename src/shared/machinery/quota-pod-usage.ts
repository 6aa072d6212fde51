// What a pod takes out of a ResourceQuota.
import type { Container, Pod, PodSpec } from '../api/core/v1.ts'
import { heldSpec } from './held-resources.ts'
import { parseQuantity } from './quantity.ts'
import { type Usage, addUsage, one } from './quota-usage.ts'

type Amounts = Readonly<Record<string, string | number>> | undefined

const parse = (amounts: Amounts): Usage => {
  const usage: Usage = new Map()
  for (const [name, amount] of Object.entries(amounts ?? {})) usage.set(name, parseQuantity(amount))
  return usage
}

function raiseTo(target: Usage, least: Usage): void {
  for (const [name, amount] of least) {
    const known = target.get(name)
    if (!known || known.compare(amount) < 0) target.set(name, amount)
  }
}

/** Containers and sidecars together, or the start's peak if that is more; pod-level amounts replace both. */
export function totalOf(spec: PodSpec, kind: 'requests' | 'limits'): Usage {
  const of = ({ resources }: Pick<Container, 'resources'>) => parse(resources?.[kind])
  const total: Usage = new Map()
  const sidecars: Usage = new Map()
  const starting: Usage = new Map()
  for (const container of spec.containers) addUsage(total, of(container))
  for (const container of spec.initContainers ?? []) {
    const amounts = of(container)
    if (container.restartPolicy === 'Always') {
      addUsage(total, amounts)
      addUsage(sidecars, amounts)
      raiseTo(starting, sidecars)
    } else {
      addUsage(amounts, sidecars)
      raiseTo(starting, amounts)
    }
  }
  raiseTo(total, starting)
  for (const [name, amount] of parse(spec.resources?.[kind])) total.set(name, amount)
  for (const [name, amount] of parse(spec.overhead)) {
    const known = total.get(name)
    // Overhead adds to limits that exist; it makes none.
    if (kind === 'requests' || known) total.set(name, known ? known.add(amount) : amount)
  }
  return total
}

const isStandard = (name: string): boolean => ['cpu', 'memory', 'ephemeral-storage'].includes(name)

/** Milliseconds at which a deleted pod that nobody removes stops counting; undefined for a pod that is not deleted. */
export function stopsCountingAt({ metadata }: Pod): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return undefined
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

/** Finished pods, and those that should be gone long since, only count as objects. */
export function podUsage(pod: Pod, nowMs: number): Usage {
  const usage: Usage = new Map([['count/pods', one]])
  const { phase } = pod.status
  const until = stopsCountingAt(pod)
  if (phase === 'Succeeded' || phase === 'Failed' || (until !== undefined && until <= nowMs)) return usage
  usage.set('pods', one)
  const held = heldSpec(pod)
  for (const [name, amount] of totalOf(held, 'requests')) {
    if (isStandard(name) || name.startsWith('hugepages-')) usage.set(name, amount)
    usage.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of totalOf(held, 'limits')) if (isStandard(name)) usage.set(`limits.${name}`, amount)
  return usage
}

/** Whether the pod as a whole asks for something itself. */
export const asksAsWhole = ({ resources }: Pick<PodSpec, 'resources'>): boolean =>
  Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0
