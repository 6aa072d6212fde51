// What pods ask for and may use, and what is left on a node.
import type { Container, Node, Pod } from '../../shared/api/core/v1.ts'
import { parseQuantity } from '../kinds/quantity.ts'

/** Cores and bytes. */
export type Amounts = Readonly<Record<'cpu' | 'memory', number>>

export const isOver = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'

const both = (amount: (name: 'cpu' | 'memory') => number): Amounts => ({ cpu: amount('cpu'), memory: amount('memory') })

/**
 * What the pod as a whole asks for, else the sum of its containers, or its largest init container when that is more.
 * @param name of any resource
 */
export function requestOf({ spec }: Pod, name: string): number {
  const amount = ({ resources }: Container) => parseQuantity(resources?.requests?.[name])
  const containers = spec.containers.reduce((total, container) => total + amount(container), 0)
  const inits = Math.max(0, ...(spec.initContainers ?? []).map(amount))
  const whole = spec.resources?.requests?.[name]
  const asked = whole === undefined ? Math.max(containers, inits) : parseQuantity(whole)
  return asked + parseQuantity(spec.overhead?.[name])
}

export const requestsOf = (pod: Pod): Amounts => both(name => requestOf(pod, name))

/** 0 where one container has no limit and the pod as a whole has none: then there is none. */
export const limitsOf = ({ spec }: Pod): Amounts =>
  both(name => {
    const whole = spec.resources?.limits?.[name]
    if (whole !== undefined) return parseQuantity(whole)
    const limits = spec.containers.map(({ resources }) => parseQuantity(resources?.limits?.[name]))
    return limits.includes(0) ? 0 : limits.reduce((a, b) => a + b, 0)
  })

export const allocatableOf = ({ status }: Node): Amounts => both(name => parseQuantity(status.allocatable?.[name]))

export const total = (amounts: readonly Amounts[]): Amounts =>
  both(name => amounts.reduce((sum, each) => sum + each[name], 0))

/** What pods that are not over ask for and may use, together; without a limit where one of them has none. */
export function promisedBy(pods: readonly Pod[]): { readonly requests: Amounts; readonly limits: Amounts } {
  const present = pods.filter(pod => !isOver(pod))
  const limits = present.map(limitsOf)
  const isLimited = both(name => (limits.some(each => each[name] === 0) ? 0 : 1))
  const most = total(limits)
  return { requests: total(present.map(requestsOf)), limits: both(name => most[name] * isLimited[name]) }
}

export function freeOn(node: Node, pods: readonly Pod[]): Amounts {
  const used = total(pods.filter(pod => pod.spec.nodeName === node.metadata.name && !isOver(pod)).map(requestsOf))
  const all = allocatableOf(node)
  return both(name => all[name] - used[name])
}
