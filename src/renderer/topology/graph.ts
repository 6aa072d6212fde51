// The graph of what serves what: ingress → service → workload → pod → node, with the objects that feed or steer a
// workload on demand. Pure: a World in, nodes and edges out.
import type { ReplicaSet } from '../../shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import {
  ConfigMap,
  Event,
  Node,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from '../../shared/api/core/v1.ts'
import { Ingress, NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../shared/api/rbac/v1.ts'
import { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { fromLabelSelector, fromMatchLabels } from '../../shared/machinery/selectors.ts'
import type { Wanted } from '../api/live-pool.ts'
import { statusOf } from '../kinds/known.ts'
import { accountsOf, bindings, roleOf } from '../related/access-relations.ts'
import { REFUSALS, WorstPods, withPods } from '../status/pods-below.ts'
import { serviceStatus } from '../status/service-status.ts'
import { type StatusView, view } from '../status/tone.ts'
import { isOver } from '../world/room.ts'
import { podReferences } from '../world/pod-references.ts'
import { WORKLOADS, ingressServices, templateOf } from '../world/workloads.ts'
import { type Found, type ObjectRef, type World, namespaceOf, refId, refTo } from '../world/world.ts'
import { t } from '../i18n/i18n.ts'

/** Columns from left to right. */
export const RANKS = ['ingress', 'service', 'attachment', 'owner', 'workload', 'pod', 'node'] as const
export type Rank = (typeof RANKS)[number]

export interface GraphNode extends ObjectRef {
  readonly id: string
  readonly rank: Rank
  /** Of the object itself. */
  readonly status: StatusView
  readonly labels: Readonly<Record<string, string>>
  /** A pod that ran to its end: its controller has another, or needs none. */
  readonly isOver?: boolean
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** Dashed: it configures or steers rather than sends traffic. */
  readonly isAttachment?: boolean
  /** It steers: what it has trouble with is not the trouble of what it leads to. */
  readonly isSteering?: boolean
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly edges: readonly GraphEdge[]
}

/** What is shown on demand. */
export const RELATIONS = ['config', 'secret', 'volume', 'autoscaler', 'policy', 'access', 'custom'] as const
export type Relation = (typeof RELATIONS)[number]

const RELATION_KINDS: Readonly<Record<Relation, readonly ResourceType<KubeObject>[]>> = {
  config: [ConfigMap],
  secret: [Secret],
  volume: [PersistentVolumeClaim],
  autoscaler: [HorizontalPodAutoscaler],
  policy: [NetworkPolicy, PodDisruptionBudget],
  access: [ServiceAccount, RoleBinding, ClusterRoleBinding, Role, ClusterRole],
  // Those of the cluster.
  custom: [],
}
const METADATA_ONLY = new Set(['ConfigMap', 'Secret', 'ServiceAccount', 'Role', 'ClusterRole'])

/**
 * The kinds to list for the graph with these relations.
 * @param custom kinds that somebody defined
 */
export const kindsOfGraph = (relations: readonly Relation[], custom: readonly ResourceType<KubeObject>[]): Wanted[] => [
  ...[
    Ingress,
    Service,
    ...WORKLOADS,
    Pod,
    Node,
    ...relations.flatMap(relation => (relation === 'custom' ? custom : RELATION_KINDS[relation])),
  ].map(type => ({ type, metadataOnly: METADATA_ONLY.has(type.kind) })),
  REFUSALS,
]

const isWorkload = ({ type }: ObjectRef) => WORKLOADS.some(workload => workload === type)

/** The last workload up the chain, which may itself belong to a custom resource. */
function topWorkload(world: World, object: KubeObject): Found | undefined {
  let top: Found | undefined
  for (const controller of world.controllers(object)) {
    if (!isWorkload(controller)) break
    top = controller
  }
  return top
}

/** Old revisions and finished runs that nobody looks for on a map. */
function isHistory(type: ResourceType<KubeObject>, object: KubeObject): boolean {
  return type.kind === 'ReplicaSet' && (object as ReplicaSet).spec.replicas === 0
}

const FEEDS = { isAttachment: true }
const STEERS = { isAttachment: true, isSteering: true }

class GraphBuilder {
  readonly nodes = new Map<string, GraphNode>()
  readonly edges: GraphEdge[] = []
  readonly #linked = new Set<string>()

  add(
    rank: Rank,
    type: ResourceType<KubeObject>,
    object: KubeObject,
    status?: StatusView,
    hasEnded = false,
  ): GraphNode {
    const ref = refTo(type, object)
    const node = {
      ...ref,
      id: refId(ref),
      rank,
      status: status ?? statusOf(type as ResourceType<AnyObject>, object as AnyObject) ?? view('neutral', type.kind),
      labels: object.metadata.labels ?? {},
      ...(hasEnded ? { isOver: true } : {}),
    }
    this.nodes.set(node.id, node)
    return node
  }

  /** A node for what is referred to and does not exist. */
  addMissing(rank: Rank, ref: ObjectRef): void {
    const id = refId(ref)
    if (!this.nodes.has(id))
      this.nodes.set(id, {
        ...ref,
        id,
        rank,
        status: view('failed', 'Missing', t('There is no {kind} {name}.', { kind: ref.type.kind, name: ref.name })),
        labels: {},
      })
  }

  link(from: string, to: string, as: Pick<GraphEdge, 'isAttachment' | 'isSteering'> = {}): void {
    const id = `${from}>${to}`
    if (this.#linked.has(id)) return
    this.#linked.add(id)
    this.edges.push({ from, to, ...as })
  }
}

function addTraffic(world: World, graph: GraphBuilder): void {
  for (const node of world.all(Node)) graph.add('node', Node, node)
  const worstPods = new WorstPods(world.all(Pod), world.all(Event))
  for (const type of WORKLOADS as readonly ResourceType<KubeObject>[])
    for (const object of world.all(type)) {
      if (topWorkload(world, object) || isHistory(type, object)) continue
      const own = statusOf(type as ResourceType<AnyObject>, object as AnyObject)
      // What is wrong with pods that there are is theirs, and arrives by their lines.
      graph.add('workload', type, object, own && withPods(own, worstPods.refusal(type, object)))
    }

  for (const pod of world.all(Pod)) {
    const { id } = graph.add('pod', Pod, pod, undefined, isOver(pod))
    const top = topWorkload(world, pod)
    if (top && graph.nodes.has(refId(top))) graph.link(refId(top), id)
    if (!pod.spec.nodeName) continue
    const node: ObjectRef = { type: Node, name: pod.spec.nodeName }
    if (graph.nodes.has(refId(node))) graph.link(id, refId(node))
  }

  for (const service of world.all(Service)) {
    const labels = service.spec.selector ?? {}
    const selector = Object.keys(labels).length ? fromMatchLabels(labels) : undefined
    const pods = selector ? world.podsMatching(namespaceOf(service), selector) : []
    const { id } = graph.add('service', Service, service, serviceStatus(service, world.knows(Pod) ? pods : undefined))
    if (!selector) continue
    for (const type of WORKLOADS)
      for (const workload of world.in<KubeObject>(type, namespaceOf(service)))
        if (selector.matches(templateOf(workload)?.metadata?.labels)) {
          const target = refId(refTo(type, workload))
          if (graph.nodes.has(target)) graph.link(id, target)
        }
    // A workload that is not on the map, as one that may not be listed, leads to none of its pods.
    for (const pod of pods) {
      const top = topWorkload(world, pod)
      if (!top || !graph.nodes.has(refId(top))) graph.link(id, refId(refTo(Pod, pod)))
    }
  }

  for (const ingress of world.all(Ingress)) {
    const { id } = graph.add('ingress', Ingress, ingress, view('neutral', ingress.spec.rules?.[0]?.host ?? 'Ingress'))
    for (const name of ingressServices(ingress)) {
      const service: ObjectRef = { type: Service, namespace: ingress.metadata.namespace, name }
      if (world.knows(Service)) graph.addMissing('service', service)
      graph.link(id, refId(service))
    }
  }
}

function addReferences(world: World, graph: GraphBuilder, relations: ReadonlySet<Relation>): void {
  const wanted = new Set(RELATIONS.flatMap(relation => (relations.has(relation) ? RELATION_KINDS[relation] : [])))
  const attach = (spec: Pod['spec'], namespace: string | undefined, target: string) => {
    for (const { type, name, optional } of podReferences(spec)) {
      if (!wanted.has(type)) continue
      const ref: ObjectRef = { type, namespace, name }
      const object = world.find(type, namespace, name)
      if (object)
        graph.add('attachment', type, object, METADATA_ONLY.has(type.kind) ? view('neutral', type.kind) : undefined)
      else if (optional || !world.knows(type)) continue
      else graph.addMissing('attachment', ref)
      graph.link(refId(ref), target, FEEDS)
    }
  }
  for (const type of WORKLOADS)
    for (const workload of world.all<KubeObject>(type)) {
      const template = templateOf(workload)?.spec
      const id = refId(refTo(type, workload))
      if (template && graph.nodes.has(id)) attach(template, workload.metadata.namespace, id)
    }
  for (const pod of world.all(Pod))
    if (!controllerOf(pod)) attach(pod.spec, pod.metadata.namespace, refId(refTo(Pod, pod)))
}

function addSteering(world: World, graph: GraphBuilder): void {
  for (const scaler of world.all(HorizontalPodAutoscaler)) {
    const { id } = graph.add('attachment', HorizontalPodAutoscaler, scaler)
    const { kind, name } = scaler.spec.scaleTargetRef
    const type = WORKLOADS.find(workload => workload.kind === kind)
    if (!type) continue
    const target: ObjectRef = { type, namespace: scaler.metadata.namespace, name }
    if (graph.nodes.has(refId(target))) graph.link(id, refId(target), STEERS)
  }
  const policies = [
    ...world.all(NetworkPolicy).map(policy => ({ type: NetworkPolicy, policy, selector: policy.spec.podSelector })),
    ...world
      .all(PodDisruptionBudget)
      .map(policy => ({ type: PodDisruptionBudget, policy, selector: policy.spec.selector })),
  ]
  for (const { type, policy, selector } of policies) {
    const { id } = graph.add('attachment', type, policy)
    const matcher = fromLabelSelector(selector)
    for (const pod of world.podsMatching(namespaceOf(policy), matcher)) {
      const top = topWorkload(world, pod)
      graph.link(id, top && graph.nodes.has(refId(top)) ? refId(top) : refId(refTo(Pod, pod)), STEERS)
    }
  }
}

/** Role → binding → account → what runs as it. Of accounts that nobody chose only those that are given something. */
function addAccess(world: World, graph: GraphBuilder): void {
  const given = bindings(world)
  if (given.length === 0) return
  const runsAs = new Map<string, string[]>()
  const run = (spec: Pod['spec'] | undefined, { type, namespace, name }: ObjectRef) => {
    const id = refId({ type, namespace, name })
    if (!spec || !graph.nodes.has(id)) return
    const account = refId({ type: ServiceAccount, namespace, name: spec.serviceAccountName || 'default' })
    const users = runsAs.get(account)
    if (users) users.push(id)
    else runsAs.set(account, [id])
  }
  for (const type of WORKLOADS)
    for (const workload of world.all<KubeObject>(type)) run(templateOf(workload)?.spec, refTo(type, workload))
  for (const pod of world.all(Pod)) if (!controllerOf(pod)) run(pod.spec, refTo(Pod, pod))

  const add = (type: ResourceType<KubeObject>, object: KubeObject, text: string) =>
    graph.add('attachment', type, object, view('neutral', text)).id
  for (const { type, binding } of given)
    for (const ref of accountsOf(binding)) {
      const users = runsAs.get(refId(ref))
      const account = world.find(ServiceAccount, ref.namespace, ref.name)
      if (!users || !account) continue
      const id = add(ServiceAccount, account, ServiceAccount.kind)
      for (const user of users) graph.link(id, user, FEEDS)
      const role = roleOf(binding)
      const grant = add(type, binding, `${role.type.kind} ${role.name}`)
      graph.link(grant, id, STEERS)
      const found = world.find<KubeObject>(role.type, role.namespace, role.name)
      if (found) add(role.type, found, role.type.kind)
      else if (world.knows(role.type)) graph.addMissing('attachment', role)
      else continue
      graph.link(refId(role), grant, STEERS)
    }
}

/** Custom resources that control what is on the map, through any number of others. */
function addOwners(world: World, graph: GraphBuilder): void {
  for (const type of [...WORKLOADS, Pod])
    for (const object of world.all<KubeObject>(type)) {
      let below = refId(refTo(type, object))
      if (!graph.nodes.has(below)) continue
      for (const owner of world.controllers(object)) {
        const id = refId(owner)
        if (isWorkload(owner)) break
        if (!graph.nodes.has(id)) graph.add('owner', owner.type, owner.object)
        graph.link(id, below, STEERS)
        below = id
      }
    }
}

export function buildGraph(world: World, relations: readonly Relation[] = []): Graph {
  const graph = new GraphBuilder()
  addTraffic(world, graph)
  addReferences(world, graph, new Set(relations))
  addSteering(world, graph)
  addAccess(world, graph)
  addOwners(world, graph)
  return { nodes: graph.nodes, edges: graph.edges }
}
