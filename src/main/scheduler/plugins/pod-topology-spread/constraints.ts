// A pod's spread constraints made ready to ask, or those that every pod of a Service or workload gets.
import type { ReplicaSet, StatefulSet } from '../../../../shared/api/apps/v1.ts'
import type { Pod, Service, TopologySpreadConstraint } from '../../../../shared/api/core/v1.ts'
import { Selectors } from '../../../../shared/client/selection.ts'
import { narrowed, unwritten } from '../../../../shared/machinery/label-keys.ts'
import { controllerOf } from '../../../../shared/machinery/owner.ts'
import { type Labels, fromLabelSelector, fromMatchLabels, nothing } from '../../../../shared/machinery/selectors.ts'
import { firstUntolerated } from '../../../../shared/machinery/taints.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import type { Listers } from '../../framework/listers.ts'
import { acceptsNode } from '../node-affinity/node-affinity.ts'

export interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  matches(labels: Labels): boolean
  /** Whether pods on this node count: by the policies for node affinity and taints. */
  counts(node: NodeInfo): boolean
}

export type When = 'DoNotSchedule' | 'ScheduleAnyway'

export const HOSTNAME = 'kubernetes.io/hostname'
const HARD = ['NoSchedule', 'NoExecute']

function compile(pod: Pod, constraint: TopologySpreadConstraint): Constraint {
  const { labels } = pod.metadata
  const keys = unwritten(constraint.labelSelector, constraint.matchLabelKeys)
  const matcher = fromLabelSelector(narrowed(constraint.labelSelector, labels, keys))
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matches: other => matcher.matches(other),
    counts: ({ node }) =>
      node !== undefined &&
      (constraint.nodeAffinityPolicy === 'Ignore' || acceptsNode(pod, node)) &&
      (constraint.nodeTaintsPolicy !== 'Honor' || !firstUntolerated(node.spec.taints, pod.spec.tolerations, HARD)),
  }
}

/** Everything in a pod, its namespace and labels aside, by which its constraints choose nodes and pods. */
const chosenBy = ({ spec: { topologySpreadConstraints, affinity, nodeSelector, tolerations } }: Pod) => [
  topologySpreadConstraints,
  affinity?.nodeAffinity,
  nodeSelector,
  tolerations,
]

const ofServices = new Selectors<Service>(({ spec }) => (spec.selector ? fromMatchLabels(spec.selector) : nothing))
const ofSets = new Selectors<ReplicaSet | StatefulSet>(({ spec }) => fromLabelSelector(spec.selector))

interface Siblings {
  /** The same for the same selectors. */
  readonly key: readonly unknown[]
  matches(labels: Labels): boolean
}

/** What selects the pod's siblings: its Services, and the workload that owns it. */
function siblings({ metadata }: Pod, listers: Listers): Siblings | undefined {
  const { namespace, labels } = metadata
  const services = ofServices.selecting(listers.services, namespace, labels)
  const matchers = services.map(service => ofServices.of(service))
  const key: unknown[] = services.map(({ spec }) => spec.selector)
  const owner = controllerOf({ metadata })
  if (owner) {
    const ref = { namespace, name: owner.name }
    const set = owner.kind === 'ReplicaSet' ? listers.replicaSets.get(ref) : undefined
    const stateful = owner.kind === 'StatefulSet' ? listers.statefulSets.get(ref) : undefined
    const workload = set ?? stateful
    if (workload?.spec.selector) {
      matchers.push(ofSets.of(workload))
      key.push([workload.spec.selector])
    }
    const old = owner.kind === 'ReplicationController' ? listers.replicationControllers.get(ref) : undefined
    if (old?.spec.selector) {
      matchers.push(fromMatchLabels(old.spec.selector))
      key.push(old.spec.selector)
    }
  }
  return matchers.length === 0
    ? undefined
    : { key, matches: other => matchers.every(matcher => matcher.matches(other)) }
}

/** What upstream applies where nothing else is said. */
const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
]

export interface Constraints {
  /** The same for pods, of one namespace and with the same labels, that ask the same. */
  readonly key: string
  readonly list: readonly Constraint[]
  /** Whether they are the system's, for which a node may lack the labels. */
  readonly areDefaults: boolean
}

/** @returns undefined for a pod without any */
export function constraintsOf(
  pod: Pod,
  when: When,
  listers: Listers,
  { defaultingType, defaultConstraints }: PluginArgs['PodTopologySpread'],
): Constraints | undefined {
  const own = pod.spec.topologySpreadConstraints ?? []
  const areDefaults = own.length === 0 && defaultingType === 'System'
  const given = own.length > 0 ? own : areDefaults ? SYSTEM_DEFAULTS : defaultConstraints
  const wanted = given.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
  if (wanted.length === 0) return undefined
  const keyWith = (selectors: readonly unknown[]) => JSON.stringify([...chosenBy(pod), ...selectors])
  if (own.length > 0) return { key: keyWith([]), list: wanted.map(c => compile(pod, c)), areDefaults }
  const others = siblings(pod, listers)
  if (!others) return undefined
  const { key, matches } = others
  return { key: keyWith(key), list: wanted.map(constraint => ({ ...compile(pod, constraint), matches })), areDefaults }
}

export const domainOf = (node: NodeInfo, { topologyKey }: Constraint): string | undefined => node.label(topologyKey)

/** Pods on the node that the constraint means; those on their way out do not count. */
export function countOn(node: NodeInfo, namespace: string, { matches }: Constraint): number {
  let count = 0
  for (const group of node.groups.values())
    if (group.live > 0 && group.namespace === namespace && matches(group.labels)) count += group.live
  return count
}
