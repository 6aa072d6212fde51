// What would make a pod fit on a node that a filter rejects: a function a plugin, read from the same state as the filter.
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../../shared/api/core/v1.ts'
import type { PodName, Remedy, ResourceShortage } from '../../../shared/api/flotilla/scheduling-v1.ts'
import { matchesNodeSelectorTerm } from '../../../shared/machinery/node-selector.ts'
import { labelOf } from '../../../shared/machinery/selectors.ts'
import { tolerates } from '../../../shared/machinery/taints.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState } from '../framework/cycle-state.ts'
import type { Listers } from '../framework/listers.ts'
import type { ClusterView } from '../framework/cluster-view.ts'
import { type Term, termsOf } from '../plugins/inter-pod-affinity/terms.ts'
import { shortages } from '../plugins/node-resources-fit/node-resources-fit.ts'
import { skewsOn } from '../plugins/pod-topology-spread/pod-topology-spread.ts'
import { amount } from './amounts.ts'
import type { Verdict } from './examine.ts'

interface Case {
  readonly pod: PodInfo
  readonly node: NodeInfo
  readonly view: ClusterView
  readonly state: CycleState
  readonly listers: Listers
}

type Advice = Omit<Remedy, 'plugin'>

/** Pods in the way are named up to this many. */
const MOST_NAMED = 10

const nameOf = ({ metadata: { namespace, name } }: Pod): PodName => ({ namespace, name })
const list = (pods: readonly PodName[]) => pods.map(({ namespace, name }) => `${namespace}/${name}`).join(', ')

function tolerate({ pod, node }: Case): Advice[] {
  const hard = (node.node?.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  const untolerated = hard.filter(taint => !pod.pod.spec.tolerations?.some(t => tolerates(t, taint)))
  return untolerated.map(({ key, value = '', effect }) => {
    const kind = value === '' ? { operator: 'Exists' } : { operator: 'Equal', value }
    const taint = `${key}${value === '' ? '' : `=${value}`}:${effect}`
    return {
      action: 'Tolerate',
      text: `let the pod tolerate the taint ${taint}, or take the taint away`,
      toleration: { key, ...kind, effect },
    }
  })
}

function resources({ pod, node }: Case): Advice[] {
  const missing = shortages(pod, node).map(
    ({ resource, requested, used, capacity }): ResourceShortage & { hopeless: boolean } => ({
      resource,
      requested: amount(resource, requested),
      free: amount(resource, Math.max(0, capacity - used)),
      allocatable: amount(resource, capacity),
      hopeless: requested > capacity,
    }),
  )
  const advice = (action: string, found: typeof missing, text: (shortage: ResourceShortage) => string): Advice[] => {
    if (found.length === 0) return []
    const shown = found.map(({ hopeless: _hopeless, ...shortage }) => shortage)
    return [{ action, text: shown.map(text).join('; '), resources: shown }]
  }
  return [
    ...advice(
      'RequestLess',
      missing.filter(({ hopeless }) => hopeless),
      ({ resource, requested, allocatable }) =>
        `request at most ${allocatable} ${resource}: the pod wants ${requested}, more than the whole node has`,
    ),
    ...advice(
      'FreeResources',
      missing.filter(({ hopeless }) => !hopeless),
      ({ resource, requested, free, allocatable }) =>
        `free ${resource}: the pod wants ${requested}, of ${allocatable} the node has ${free} left`,
    ),
  ]
}

/** The requirements that the node does not meet; of alternatives, the fewest. */
function affinity({ pod: { pod }, node: { node } }: Case): Advice[] {
  if (!node) return []
  const unmet: NodeSelectorRequirement[] = Object.entries(pod.spec.nodeSelector ?? {})
    .filter(([key, value]) => labelOf(node.metadata.labels, key) !== value)
    .map(([key, value]) => ({ key, operator: 'In', values: [value] }))
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const failing = (term: NodeSelectorTerm) => ({
    labels: (term.matchExpressions ?? []).filter(r => !matchesNodeSelectorTerm({ matchExpressions: [r] }, node)),
    fields: (term.matchFields ?? []).filter(r => !matchesNodeSelectorTerm({ matchFields: [r] }, node)),
  })
  const terms = (required?.nodeSelectorTerms ?? []).map(failing)
  const nearest = terms.sort((a, b) => a.fields.length - b.fields.length || a.labels.length - b.labels.length)[0]
  const wanted = nearest?.fields.flatMap(({ values = [] }) => values)
  if (wanted?.length) return [{ action: 'Other', text: `the pod is meant for ${wanted.join(', ')} only` }]
  unmet.push(...(nearest?.labels ?? []))
  const text = unmet.map(({ key, operator, values = [] }) => `${key} ${operator} ${values.join(', ')}`.trim())
  return [{ action: 'LabelNode', text: `label the node so that ${text.join(' and ')}`, requirements: unmet }]
}

function ports({ pod, node }: Case): Advice[] {
  const taken = pod.hostPorts.filter(port => node.portTaken(port))
  const holders = [...node.pods.values()].filter(({ hostPorts }) =>
    hostPorts.some(held => taken.some(({ hostPort }) => hostPort === held.hostPort)),
  )
  const pods = holders.map(({ pod: holder }) => nameOf(holder))
  const numbers = taken.map(({ hostPort, protocol = 'TCP' }) => `${hostPort}/${protocol}`).join(', ')
  return [{ action: 'FreePort', text: `host port ${numbers} is held by ${list(pods)}`, pods }]
}

const spread = ({ state, node }: Case): Advice[] =>
  skewsOn(state, node)
    .filter(({ domain, count, least, maxSkew }) => domain === undefined || count - least > maxSkew)
    .map(({ topologyKey, domain, count, least, maxSkew }) => ({
      action: 'Other',
      text:
        domain === undefined
          ? `give the node the label ${topologyKey}`
          : `${topologyKey}=${domain} would have ${count} of these pods while another domain has ${least}: ` +
            `at most ${maxSkew} more are allowed`,
    }))

/** Pods in the node's domain of a term. */
function* inDomain({ node, view }: Case, { topologyKey }: Term): Generator<Pod> {
  const value = labelOf(node.node?.metadata.labels, topologyKey)
  if (value === undefined) return
  for (const other of view.nodes)
    if (labelOf(other.node?.metadata.labels, topologyKey) === value)
      for (const { pod } of other.pods.values()) yield pod
}

function interPod(given: Case): Advice[] {
  const { pod, view, listers, node } = given
  const own = termsOf(pod.pod, listers.namespaces)
  const inTheWay = new Map<string, Pod>()
  for (const term of own.antiAffinity)
    for (const other of inDomain(given, term)) if (term.matches(other.metadata)) inTheWay.set(other.metadata.uid, other)
  for (const { pods: there, node: where } of view.nodesWithAffinity)
    for (const { pod: other } of there.values())
      for (const term of termsOf(other, listers.namespaces).antiAffinity) {
        const here = labelOf(node.node?.metadata.labels, term.topologyKey)
        const its = labelOf(where?.metadata.labels, term.topologyKey)
        if (here !== undefined && here === its && term.matches(pod.pod.metadata))
          inTheWay.set(other.metadata.uid, other)
      }
  const pods = [...inTheWay.values()].slice(0, MOST_NAMED).map(nameOf)
  const away: Advice[] =
    pods.length === 0
      ? []
      : [{ action: 'MovePods', text: `the pod and ${list(pods)} must not be together: move them`, pods }]
  const lonely = own.affinity.filter(term => ![...inDomain(given, term)].some(other => term.matches(other.metadata)))
  return [
    ...away,
    ...lonely.map(({ topologyKey }) => ({
      action: 'Other',
      text: `no pod that this one wants to be near is in the node's ${topologyKey}`,
    })),
  ]
}

const byPlugin: Readonly<Record<string, (given: Case) => Advice[]>> = {
  NodeUnschedulable: ({ node }) => [{ action: 'Uncordon', text: `uncordon ${node.name}` }],
  TaintToleration: tolerate,
  NodeResourcesFit: resources,
  NodeAffinity: affinity,
  NodePorts: ports,
  PodTopologySpread: spread,
  InterPodAffinity: interPod,
}

export function remediesFor({ plugin, status }: Verdict, given: Case): Remedy[] {
  const known = Object.hasOwn(byPlugin, plugin) ? byPlugin[plugin]?.(given) : undefined
  const advice = known?.length ? known : [{ action: 'Other', text: status.reasons.join(', ') }]
  return advice.map(entry => ({ plugin, ...entry }))
}
