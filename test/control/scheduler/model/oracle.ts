// The rules of placement once more, written down in the plainest way and slowly: whether a pod may be on a node, given
// all pods. Shares nothing with the scheduler but the types, so that both have to be wrong alike to agree on a mistake.
import type { Node, Pod, PodAffinityTerm } from '../../../../src/shared/api/core/v1.ts'

/** Pods with their node's name, the pod in question not among them. */
export interface Placed {
  readonly pod: Pod
  readonly node: Node
}

export const HOST = 'kubernetes.io/hostname'

const number = (text: string | number | undefined): number => {
  const [, digits = '0', unit = ''] = /^(\d+)(m|Mi|Gi)?$/.exec(String(text ?? 0)) ?? []
  return Number(digits) * ({ m: 0.001, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1)
}
const wants = (pod: Pod, resource: string) =>
  pod.spec.containers.reduce((sum, { resources }) => sum + number(resources?.requests?.[resource]), 0)
const selects = (labels: Record<string, string> | undefined, pod: Pod) =>
  Object.entries(labels ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value)
const sameDomain = (key: string, a: Node, b: Node) =>
  a.metadata.labels?.[key] !== undefined && a.metadata.labels[key] === b.metadata.labels?.[key]
const means = (term: PodAffinityTerm, of: Pod, other: Pod) =>
  of.metadata.namespace === other.metadata.namespace && selects(term.labelSelector?.matchLabels, other)
const affinityOf = ({ spec }: Pod) => spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
const antiOf = ({ spec }: Pod) => spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
const portsOf = ({ spec }: Pod) =>
  spec.containers.flatMap(({ ports }) => ports ?? []).flatMap(({ hostPort }) => hostPort ?? [])

/** A node may have shrunk under its pods: only what the newcomer wants counts. */
function overcommitted(node: Node, pod: Pod, others: readonly Pod[]): string | undefined {
  const { allocatable = {} } = node.status
  for (const resource of ['cpu', 'memory', 'example.com/gpu']) {
    const sum = others.reduce((total, other) => total + wants(other, resource), wants(pod, resource))
    if (wants(pod, resource) > 0 && sum > number(allocatable[resource]) + 1e-9) return resource
  }
  return others.length + 1 > number(allocatable['pods']) ? 'pods' : undefined
}

function tolerates(pod: Pod, node: Node): boolean {
  if (node.spec.unschedulable) return false // no pod of the model tolerates that
  return (node.spec.taints ?? []).every(
    taint =>
      taint.effect === 'PreferNoSchedule' ||
      pod.spec.tolerations?.some(({ key, value = '' }) => key === taint.key && value === (taint.value ?? '')),
  )
}

/** Domains count only on nodes that the pod could be on by its selector; taints do not matter. */
function skewAllows(pod: Pod, node: Node, nodes: readonly Node[], placed: readonly Placed[]): boolean {
  const accepts = ({ metadata }: Node) =>
    Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => metadata.labels?.[key] === value)
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  )
  const keys = constraints.map(({ topologyKey }) => topologyKey)
  const hasKeys = ({ metadata }: Node) => keys.every(key => metadata.labels?.[key] !== undefined)
  if (constraints.length > 0 && !hasKeys(node)) return false
  return constraints.every(({ topologyKey, maxSkew, labelSelector, minDomains = 1 }) => {
    const counting = nodes.filter(other => hasKeys(other) && accepts(other))
    const domains = new Map(counting.map(other => [other.metadata.labels?.[topologyKey], 0]))
    for (const { pod: other, node: where } of placed) {
      const domain = where.metadata.labels?.[topologyKey]
      if (other.metadata.namespace !== pod.metadata.namespace || !selects(labelSelector?.matchLabels, other)) continue
      if (counting.some(({ metadata }) => metadata.name === where.metadata.name))
        domains.set(domain, (domains.get(domain) ?? 0) + 1)
    }
    const least = domains.size < minDomains ? 0 : Math.min(...domains.values())
    const self = selects(labelSelector?.matchLabels, pod) ? 1 : 0
    return (domains.get(node.metadata.labels?.[topologyKey]) ?? 0) + self - least <= maxSkew
  })
}

function affinityAllows(pod: Pod, node: Node, placed: readonly Placed[]): boolean {
  const terms = affinityOf(pod)
  if (terms.length === 0) return true
  if (terms.some(({ topologyKey }) => node.metadata.labels?.[topologyKey] === undefined)) return false
  const all = (other: Pod) => terms.every(term => means(term, pod, other))
  const met = terms.every(({ topologyKey }) =>
    placed.some(({ pod: other, node: where }) => all(other) && sameDomain(topologyKey, node, where)),
  )
  // The first of a group that wants to be together starts it.
  const anywhere = placed.some(
    ({ pod: other, node: where }) =>
      all(other) && terms.some(({ topologyKey }) => where.metadata.labels?.[topologyKey] !== undefined),
  )
  return met || (!anywhere && all(pod))
}

const antiAffinityAllows = (pod: Pod, node: Node, placed: readonly Placed[]): boolean =>
  placed.every(
    ({ pod: other, node: where }) =>
      antiOf(pod).every(term => !(means(term, pod, other) && sameDomain(term.topologyKey, node, where))) &&
      antiOf(other).every(term => !(means(term, other, pod) && sameDomain(term.topologyKey, node, where))),
  )

/** @returns the first rule that the pod would break on the node */
export function broken(pod: Pod, node: Node, nodes: readonly Node[], placed: readonly Placed[]): string | undefined {
  const here = placed.filter(({ node: where }) => where.metadata.name === node.metadata.name).map(entry => entry.pod)
  const labels = node.metadata.labels ?? {}
  if (!tolerates(pod, node)) return 'taints'
  if (!Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return 'nodeSelector'
  if (portsOf(pod).some(port => here.some(other => portsOf(other).includes(port)))) return 'ports'
  const over = overcommitted(node, pod, here)
  if (over) return over
  if (!skewAllows(pod, node, nodes, placed)) return 'spread'
  if (!affinityAllows(pod, node, placed)) return 'affinity'
  return antiAffinityAllows(pod, node, placed) ? undefined : 'anti-affinity'
}
