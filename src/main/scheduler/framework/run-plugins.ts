// Runs a profile's plugins for one pod: which nodes fit, why the others do not, and which of those that fit is best.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState } from './cycle-state.ts'
import { type PodKind, kindOf } from './node-memory.ts'
import type { Rejection, SchedulerPlugin } from './plugin.ts'
import type { ClusterView } from './cluster-view.ts'
import { type Profile, type With, having, weightOf } from './profile.ts'
import { Rejections } from './rejections.ts'
import { type Status, isSuccess, unresolvable } from './status.ts'

export interface Feasibility {
  readonly feasible: readonly NodeInfo[]
  readonly statuses: Rejections
  /** PreFilter's own rejection of the pod, for all nodes at once. */
  readonly rejection?: Rejection
  /** Where the next cycle starts to look. */
  readonly nextStart: number
  /** A filter could not judge the pod: nothing follows from what the others say. */
  readonly failure?: string
}

/** Upstream's adaptive sample: all of up to 100 nodes, then a falling share of them, never below 5 %. */
export function nodesToFind(total: number, percentage = 0): number {
  const MIN_NODES = 100
  if (total < MIN_NODES) return total
  const share = percentage > 0 ? percentage : Math.max(5, 50 - Math.trunc(total / 125))
  return Math.max(MIN_NODES, Math.trunc((total * share) / 100))
}

/** Where nobody scores, one that fits is as good as any other. */
const hasChoice = (profile: Profile): boolean =>
  (profile.extendersChoose ?? false) || having(profile, 'score').length > 0

const NOT_NAMED: Rejection = {
  ...unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
  plugin: 'NodeAffinity',
}

/**
 * PreFilter and Filter. `start` rotates so that all nodes get their turn when only a part is looked at.
 * @param percentage of the nodes to look at, when it is not the profile's
 * @param promisedTo the node that is looked at first, and alone where it fits; undefined = none
 */
export function findFeasible(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  view: ClusterView,
  start: number,
  percentage = profile.percentageOfNodesToScore,
  promisedTo = view.nominationOf?.(pod.pod.metadata.uid),
): Feasibility {
  const ruledOut = new Rejections()
  const found = (feasible: readonly NodeInfo[], nextStart: number): Feasibility => ({
    feasible,
    statuses: ruledOut,
    nextStart,
  })
  let names: Set<string> | undefined
  for (const plugin of having(profile, 'preFilter')) {
    const { status, nodeNames } = plugin.preFilter(state, pod, view)
    if (status.code === 'Skip') state.skippedFilters.add(plugin.name)
    else if (!isSuccess(status)) return { ...found([], start), rejection: { ...status, plugin: plugin.name } }
    if (nodeNames) names = new Set(names ? [...names].filter(name => nodeNames.has(name)) : nodeNames)
  }
  const filters = activeFilters(profile, state, pod)
  const promises = view.promisesRoom ?? true
  const { kind, signing, others } = filters
  const rejectionOf = (node: NodeInfo) => {
    const answer = kind.about(node)
    if (answer.rejection === undefined) {
      const rejection = filterNode(signing, state, pod, node)
      answer.rejection = rejection ? kind.shared(rejection) : null
    }
    if (answer.rejection) return answer.rejection
    const rejection = others.length === 0 ? undefined : filterNode(others, state, pod, node)
    return rejection ?? (promises ? filterFullRemembered(profile, filters, state, pod, node, view) : undefined)
  }
  // Room was made for it there: if it fits by now, no other node is looked at.
  const promised = view.node(promisedTo ?? '')
  if (promised && (names?.has(promised.name) ?? true)) {
    if (!rejectionOf(promised)) return found([promised], start)
  }
  const all = view.nodes
  const wanted = hasChoice(profile) ? nodesToFind(names?.size ?? all.length, percentage) : 1
  const feasible: NodeInfo[] = []
  let looked = 0
  for (; looked < all.length && feasible.length < wanted; looked++) {
    const node = all[(start + looked) % all.length]
    if (!node) continue
    if (names && !names.has(node.name)) {
      ruledOut.add(node, NOT_NAMED)
      continue
    }
    const rejection = rejectionOf(node)
    if (rejection) ruledOut.add(node, rejection)
    else feasible.push(node)
    if (rejection?.code === 'Error') {
      const failure = `running "${rejection.plugin}" filter plugin: ${rejection.reasons.join(', ')}`
      return { ...found([], start), failure }
    }
  }
  return found(feasible, all.length === 0 ? 0 : (start + looked) % all.length)
}

interface ActiveFilters {
  /** In their order, without those that PreFilter skipped. */
  readonly all: readonly With<'filter'>[]
  /** Those of them before the profile's first that does not sign, and the rest. */
  readonly signing: readonly With<'filter'>[]
  readonly others: readonly With<'filter'>[]
  readonly kind: PodKind
}

/** The profile's filters for a pod that went through PreFilter. */
export function activeFilters(profile: Profile, state: CycleState, pod: PodInfo): ActiveFilters {
  const every = having(profile, 'filter')
  const firstOther = every.findIndex(({ sign }) => sign === undefined)
  const lead = firstOther < 0 ? every.length : firstOther
  const active = ({ name }: SchedulerPlugin) => !state.skippedFilters.has(name)
  const signing = every.slice(0, lead).filter(active)
  const others = every.slice(lead).filter(active)
  return { all: [...signing, ...others], signing, others, kind: kindOf(profile, state, pod) }
}

/** A crowd of preemptors asks the same about each node that is promised to one of them. */
function filterFullRemembered(
  profile: Profile,
  { all, others, kind }: ActiveFilters,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  view: ClusterView,
): Rejection | undefined {
  const promised = view.nominated?.(node.name) ?? NONE
  if (promised.length === 0) return undefined
  const { uid } = pod.pod.metadata
  const priority = pod.pod.spec.priority ?? 0
  // Those that do not sign look farther than the node; and a pod is no guest of its own.
  if (others.length > 0 || promised.some(guest => guest.pod.metadata.uid === uid))
    return filterWithGuests(profile, all, state, pod, node, view)
  const answer = kind.about(node)
  const { full } = answer
  if (full?.promised === promised && full.priority === priority) return full.rejection
  const found = filterWithGuests(profile, all, state, pod, node, view)
  const rejection = found && kind.shared(found)
  answer.full = { promised, priority, rejection }
  return rejection
}

/**
 * A node must do both with the pods for which preemption makes room there, as far as they matter at least as much, and
 * without them: they may never come, and this pod may need them (affinity).
 */
export function filterWithNominated(
  profile: Profile,
  filters: readonly With<'filter'>[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  view: ClusterView,
): Rejection | undefined {
  return filterNode(filters, state, pod, node) ?? filterWithGuests(profile, filters, state, pod, node, view)
}

/** With those pods, where the node does without them. */
function filterWithGuests(
  profile: Profile,
  filters: readonly With<'filter'>[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  view: ClusterView,
): Rejection | undefined {
  const guests = guestsBefore(pod.pod, node.name, view)
  if (guests.length === 0) return undefined
  const full = node.clone()
  for (const guest of guests) {
    full.addPod(guest)
    for (const plugin of having(profile, 'addPod')) plugin.addPod(state, pod, guest, full)
  }
  const rejection = filterNode(filters, state, pod, full)
  for (const guest of guests)
    for (const plugin of having(profile, 'removePod')) plugin.removePod(state, pod, guest, full)
  return rejection
}

const NONE: readonly PodInfo[] = []

/** Other pods for which room is being made on the node, and which matter at least as much as this one. */
export function guestsBefore(pod: Pod, nodeName: string, view: ClusterView): readonly PodInfo[] {
  const nominated = view.nominated?.(nodeName) ?? NONE
  if (nominated.length === 0) return NONE
  const priority = pod.spec.priority ?? 0
  return nominated.filter(
    ({ pod: other }) => other.metadata.uid !== pod.metadata.uid && (other.spec.priority ?? 0) >= priority,
  )
}

/** @returns why the node is ruled out, or undefined when it fits */
export function filterNode(
  filters: readonly With<'filter'>[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Rejection | undefined {
  for (const plugin of filters) {
    const status = plugin.filter(state, pod, node)
    if (!isSuccess(status)) return rejectionBy(plugin.name, status)
  }
  return undefined
}

const rejections = new WeakMap<Status, Rejection>()

/** Made once for a status that a plugin gives again and again. */
function rejectionBy(plugin: string, status: Status): Rejection {
  let rejection = rejections.get(status)
  if (rejection?.plugin !== plugin) rejections.set(status, (rejection = { ...status, plugin }))
  return rejection
}

export interface NodeScore {
  readonly node: NodeInfo
  /** Sum of the weighted scores. */
  readonly total: number
}

/** A plugin's scores of all nodes, in their order, before they are weighted. */
export interface PluginScores {
  readonly plugin: string
  readonly weight: number
  readonly scores: readonly number[]
}

/** PreScore, Score and Normalize. @param onScores told each plugin's share, for whoever explains */
export function scoreNodes(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  onScores?: (scores: PluginScores) => void,
): NodeScore[] {
  for (const plugin of having(profile, 'preScore'))
    if (plugin.preScore(state, pod, nodes).code === 'Skip') state.skippedScores.add(plugin.name)
  const scoring = having(profile, 'score').filter(({ name }) => !state.skippedScores.has(name))
  const remembered = scoresRemembered(
    profile,
    scoring.filter(({ sign }) => sign !== undefined),
    state,
    pod,
    nodes,
  )
  const totals = new Array<number>(nodes.length).fill(0)
  /** Of one plugin after the other: each writes over the one before. */
  const scores = new Array<number>(nodes.length).fill(0)
  let signed = 0
  for (const plugin of scoring) {
    const at = plugin.sign === undefined ? -1 : signed++
    // Counted, here and below: a function for each node of each pod is most of what a cycle would call.
    for (let i = 0, node = nodes[0]; node; node = nodes[++i])
      scores[i] = at < 0 ? plugin.score(state, pod, node) : (remembered[i]?.[at] ?? 0)
    plugin.normalize?.(state, pod, scores, nodes)
    const weight = weightOf(profile, plugin)
    onScores?.({ plugin: plugin.name, weight, scores: [...scores] })
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + (scores[i] ?? 0) * weight
  }
  const scored = new Array<NodeScore>(nodes.length)
  for (let i = 0, node = nodes[0]; node; node = nodes[++i]) scored[i] = { node, total: totals[i] ?? 0 }
  return scored
}

/** By itself: a function within a loop over nodes is made room for at each of them. */
const rawScores = (plugins: readonly With<'score'>[], state: CycleState, pod: PodInfo, node: NodeInfo) =>
  plugins.map(plugin => plugin.score(state, pod, node))

/** @returns for each node the raw scores of the plugins, all of which sign */
function scoresRemembered(
  profile: Profile,
  plugins: readonly With<'score'>[],
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): (readonly number[])[] {
  const kind = kindOf(profile, state, pod)
  const remembered = new Array<readonly number[]>(nodes.length)
  for (let i = 0, node = nodes[0]; node; node = nodes[++i]) {
    const answer = kind.about(node)
    remembered[i] = answer.scores ??= rawScores(plugins, state, pod, node)
  }
  return remembered
}

/** @returns the best node; among equals a random one. @param random 0 ≤ x < 1 */
export function selectNode(scores: readonly NodeScore[], random: () => number): NodeScore | undefined {
  let best: NodeScore | undefined
  let equals = 0
  for (const score of scores) {
    if (!best || score.total > best.total) {
      best = score
      equals = 1
    } else if (score.total === best.total && random() * ++equals < 1) best = score
  }
  return best
}
