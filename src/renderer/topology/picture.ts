// What of the graph is drawn: filtered, grouped, and collapsed where there is too much to read. Pure.
import { type StatusView, type Tone, toneOrder, view } from '../status/tone.ts'
import type { Graph, GraphEdge, GraphNode, Rank } from './graph.ts'
import type { RolledUp } from './roll-up.ts'
import { known, m, t } from '../i18n/i18n.ts'

export const GROUPINGS = ['namespace', 'application', 'node', 'none'] as const
export type Grouping = (typeof GROUPINGS)[number]

export interface PictureOptions {
  readonly groupBy: Grouping
  readonly isShown: (namespace: string) => boolean
  /** Every word must occur in name, namespace, kind or labels. */
  readonly search: string
  /** Only what is connected with this node. */
  readonly focus: string | undefined
  readonly errorsOnly: boolean
  /** Cards and groups that the user opened or closed against the default. */
  readonly toggled: ReadonlySet<string>
}

export interface Card {
  readonly id: string
  readonly rank: Rank
  readonly title: string
  readonly kind: string
  /** Band that it stands in; undefined = beside all bands. */
  readonly group: string | undefined
  readonly status: StatusView
  /** Where a rolled-up status comes from. */
  readonly from: GraphNode | undefined
  /** The object; undefined for a card that stands for several. */
  readonly node: GraphNode | undefined
  /** How many of each state a collapsed card stands for. */
  readonly counts?: ReadonlyMap<Tone, number>
  /** What to toggle to open or close what this card stands for. */
  readonly toggle?: string
  readonly isMatch: boolean
}

export interface Picture {
  readonly cards: readonly Card[]
  readonly edges: readonly GraphEdge[]
  /** The card that an object is on; undefined when none is drawn. */
  readonly cardOf: (id: string) => string | undefined
  /** Objects that the filters left. */
  readonly shown: number
  readonly total: number
  readonly matches: number
}

/** More cards than this are not readable: pods collapse first, then whole groups. */
export const READABLE = 500
const PODS_BESIDE_WORKLOAD = 6

const SEVERAL = m('Several nodes')
const UNPLACED = m('Not placed')
export const NO_APPLICATION = m('No application label')
const APPLICATION_LABELS = [
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
]

class Neighbours {
  readonly #to = new Map<string, string[]>()
  readonly #from = new Map<string, string[]>()
  constructor(edges: readonly GraphEdge[]) {
    for (const { from, to } of edges) {
      push(this.#to, from, to)
      push(this.#from, to, from)
    }
  }
  right = (id: string): readonly string[] => this.#to.get(id) ?? []
  left = (id: string): readonly string[] => this.#from.get(id) ?? []

  /** Everything to the left and to the right of the given nodes, and they themselves. */
  around(ids: Iterable<string>): Set<string> {
    const found = new Set<string>()
    const walk = (start: Iterable<string>, next: (id: string) => readonly string[]) => {
      const seen = new Set<string>()
      const queue = [...start]
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        if (seen.has(id)) continue
        seen.add(id)
        found.add(id)
        queue.push(...next(id))
      }
      return seen
    }
    const right = walk(ids, this.right)
    // What configures a workload belongs to it, whichever way one comes to it.
    walk([...ids, ...[...right].flatMap(this.left).filter(isAttachment)], this.left)
    return found
  }
}
const isAttachment = (id: string) =>
  !/^(pods|services|ingresses|nodes|deployments|statefulsets|daemonsets|replicasets|jobs|cronjobs|replicationcontrollers)\./.test(
    id,
  )

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

const textOf = ({ name, namespace, type, labels, status }: GraphNode) =>
  [name, namespace, type.kind, status.text, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)]
    .join('\n')
    .toLowerCase()

function createGrouping(
  graph: Graph,
  neighbours: Neighbours,
  groupBy: Grouping,
): (node: GraphNode) => string | undefined {
  if (groupBy === 'none') return ({ rank }) => (rank === 'node' ? undefined : '')
  const known = new Map<string, string | undefined>()
  const remember = (find: (node: GraphNode) => string | undefined) => (node: GraphNode) => {
    if (!known.has(node.id)) {
      known.set(node.id, undefined)
      known.set(node.id, find(node))
    }
    return known.get(node.id)
  }
  const beside = (ids: readonly string[]) => ids.flatMap(id => graph.nodes.get(id) ?? [])

  if (groupBy === 'namespace') {
    // What is in none stands with what it is for, where that is in one.
    const within: (node: GraphNode) => string | undefined = remember(({ id, namespace }) => {
      if (namespace !== undefined) return namespace
      const places = new Set(beside(neighbours.right(id)).map(within))
      return places.size === 1 ? [...places][0] : ''
    })
    return node => (node.rank === 'node' ? undefined : within(node))
  }

  if (groupBy === 'application') {
    const labelled: (node: GraphNode) => string | undefined = remember(node => {
      for (const label of APPLICATION_LABELS) if (node.labels[label]) return node.labels[label]
      const others = node.rank === 'pod' ? neighbours.left(node.id) : neighbours.right(node.id)
      return beside(others).map(labelled).find(Boolean)
    })
    return node => (node.rank === 'node' ? undefined : (labelled(node) ?? NO_APPLICATION))
  }

  const placed: (node: GraphNode) => string | undefined = remember(node => {
    if (node.rank === 'node') return node.name
    const places = new Set(beside(neighbours.right(node.id)).flatMap(other => placed(other) ?? []))
    return places.size > 1 ? SEVERAL : [...places][0]
  })
  return node => placed(node) ?? UNPLACED
}

function countTones(statuses: readonly StatusView[]): ReadonlyMap<Tone, number> {
  const counts = new Map<Tone, number>()
  for (const tone of toneOrder) {
    const count = statuses.filter(status => status.tone === tone).length
    if (count) counts.set(tone, count)
  }
  return counts
}

/** Of the objects that cards stand for. */
function sumCounts(cards: readonly Card[]): ReadonlyMap<Tone, number> {
  const counts = new Map<Tone, number>()
  for (const tone of toneOrder) {
    const of = ({ counts, status }: Card) => counts?.get(tone) ?? (counts || status.tone !== tone ? 0 : 1)
    const count = cards.reduce((sum, card) => sum + of(card), 0)
    if (count) counts.set(tone, count)
  }
  return counts
}

const worstOf = (counts: ReadonlyMap<Tone, number>): Tone => counts.keys().next().value ?? 'unknown'

export function drawPicture(graph: Graph, rolled: ReadonlyMap<string, RolledUp>, options: PictureOptions): Picture {
  const { groupBy, isShown, focus, errorsOnly, toggled } = options
  const neighbours = new Neighbours(graph.edges)
  const statusOf = (node: GraphNode) => rolled.get(node.id)?.status ?? node.status

  const forShown = new Set<string>()
  const queue = [...graph.nodes.values()].filter(({ rank, namespace }) =>
    namespace === undefined ? rank === 'node' : isShown(namespace),
  )
  for (let node = queue.pop(); node; node = queue.pop()) {
    if (forShown.has(node.id)) continue
    forShown.add(node.id)
    // What is in none is there for what it leads to.
    const before = neighbours.left(node.id).flatMap(id => graph.nodes.get(id) ?? [])
    queue.push(...before.filter(({ namespace }) => namespace === undefined))
  }
  let shown = [...graph.nodes.values()].filter(({ id }) => forShown.has(id))
  const total = shown.length
  const keepAround = (ids: readonly string[]) => {
    const kept = neighbours.around(ids)
    shown = shown.filter(({ id }) => kept.has(id))
  }
  if (focus !== undefined && graph.nodes.has(focus)) keepAround([focus])
  const words = options.search.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = new Set<string>()
  if (words.length) {
    for (const node of shown) {
      const text = textOf(node)
      if (words.every(word => text.includes(word))) matches.add(node.id)
    }
    keepAround([...matches])
  }
  if (errorsOnly) {
    const isBad = (node: GraphNode) => ['failed', 'warning'].includes(statusOf(node).tone)
    const bad = new Set(shown.filter(isBad).map(({ id }) => id))
    shown = shown.filter(
      ({ id, rank }) => bad.has(id) || (rank === 'node' && neighbours.left(id).some(pod => bad.has(pod))),
    )
  }

  const groupOf = createGrouping(graph, neighbours, groupBy)
  const cardOf = (node: GraphNode, toggle?: string): Card => ({
    id: node.id,
    rank: node.rank,
    title: node.name,
    kind: node.type.kind,
    group: groupOf(node),
    status: statusOf(node),
    from: rolled.get(node.id)?.from,
    node,
    isMatch: matches.has(node.id),
    ...(toggle ? { toggle } : {}),
  })

  // Pods of one workload become one card, unless there are few or the user opened them.
  const standsIn = new Map<string, string>()
  const cards: Card[] = []
  const isCrowded = shown.length > READABLE
  const podsByOwner = new Map<string, GraphNode[]>()
  for (const node of shown) {
    const owner =
      node.rank === 'pod'
        ? neighbours.left(node.id).find(id => !isAttachment(id) && !id.startsWith('services.'))
        : undefined
    if (owner === undefined) cards.push(cardOf(node))
    else push(podsByOwner, groupBy === 'node' ? `${owner}|${groupOf(node) ?? ''}` : owner, node)
  }
  for (const [owner, pods] of podsByOwner) {
    const toggle = `pods:${owner}`
    const collapses = pods.length > 1 && (isCrowded || pods.length > PODS_BESIDE_WORKLOAD) !== toggled.has(toggle)
    if (!collapses) {
      for (const pod of pods) cards.push(cardOf(pod, pods.length > 1 ? toggle : undefined))
      continue
    }
    const counts = countTones(pods.map(statusOf))
    const worst = pods.map(statusOf).find(({ tone }) => tone === worstOf(counts))
    for (const pod of pods) standsIn.set(pod.id, toggle)
    cards.push({
      id: toggle,
      rank: 'pod',
      title: t('{n} pods', { n: pods.length }),
      kind: 'Pods',
      group: pods[0] && groupOf(pods[0]),
      status: worst ?? view('unknown', ''),
      from: undefined,
      node: undefined,
      counts,
      toggle,
      isMatch: pods.some(({ id }) => matches.has(id)),
    })
  }

  const finished = cards.length > READABLE && groupBy !== 'none' ? collapseGroups(cards, standsIn, toggled) : cards
  const present = new Set(finished.map(({ id }) => id))
  const standIn = (id: string): string => {
    const other = standsIn.get(id)
    return other === undefined ? id : standIn(other)
  }
  const edges = new Map<string, GraphEdge>()
  for (const edge of graph.edges) {
    const from = standIn(edge.from)
    const to = standIn(edge.to)
    if (from !== to && present.has(from) && present.has(to)) edges.set(`${from}>${to}`, { ...edge, from, to })
  }
  const cardOfNode = (id: string) => {
    const card = standIn(id)
    return present.has(card) ? card : undefined
  }
  return {
    cards: finished,
    edges: [...edges.values()],
    cardOf: cardOfNode,
    shown: shown.length,
    total,
    matches: matches.size,
  }
}

/** One card for each group that the user did not open. */
function collapseGroups(cards: readonly Card[], standsIn: Map<string, string>, toggled: ReadonlySet<string>): Card[] {
  const kept: Card[] = []
  const groups = new Map<string, Card[]>()
  for (const card of cards) {
    if (card.group === undefined || card.rank === 'node' || toggled.has(`group:${card.group}`)) kept.push(card)
    else push(groups, card.group, card)
  }
  for (const [group, members] of groups) {
    const [only] = members
    // Its card takes no more room than one that stands for it.
    if (only && members.length === 1) {
      kept.push(only)
      continue
    }
    const id = `group:${group}`
    const counts = sumCounts(members)
    const n = [...counts.values()].reduce((sum, count) => sum + count, 0)
    for (const { id: member } of members) standsIn.set(member, id)
    kept.push({
      id,
      rank: 'workload',
      title: known(group),
      kind: t('{n} object | {n} objects', { n }),
      group,
      status: view(worstOf(counts), t('{n} collapsed', { n })),
      from: undefined,
      node: undefined,
      counts,
      toggle: id,
      isMatch: members.some(({ isMatch }) => isMatch),
    })
  }
  return kept
}
