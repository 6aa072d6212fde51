// How an object is, seen with everything that it depends on: the worst status along its way to the pods.
import { type StatusView, toneOrder } from '../status/tone.ts'
import type { Graph, GraphNode } from './graph.ts'

export interface RolledUp {
  /** The worst of the object and of what it sends traffic to. */
  readonly status: StatusView
  /** The object that the status comes from; undefined when it is the object's own. */
  readonly from: GraphNode | undefined
}

/** Only trouble travels up: that a pod has completed says nothing about what owns it. */
const TRAVELS = new Set(['failed', 'warning', 'progressing'])
const severity = ({ tone }: StatusView) => toneOrder.indexOf(tone)

export function rollUp({ nodes, edges }: Graph): ReadonlyMap<string, RolledUp> {
  const below = new Map<string, GraphNode[]>()
  for (const { from, to, isAttachment, isSteering } of edges) {
    if (isSteering) continue
    // What feeds a workload is the workload's trouble when it is missing; a node's trouble shows in its pods.
    const [above, under] = isAttachment ? [to, nodes.get(from)] : [from, nodes.get(to)]
    if (!under || under.rank === 'node' || under.isOver) continue
    const list = below.get(above)
    if (list) list.push(under)
    else below.set(above, [under])
  }
  const done = new Map<string, RolledUp>()
  // The graph has no cycles: every edge leads to a later rank, attachments only upwards to what they feed.
  const visit = (node: GraphNode): RolledUp => {
    const known = done.get(node.id)
    if (known) return known
    let worst: RolledUp = { status: node.status, from: undefined }
    for (const under of below.get(node.id) ?? []) {
      const { status, from } = visit(under)
      if (!TRAVELS.has(status.tone)) continue
      // A workload that is stuck, a service without endpoints: told by what the pods are stuck at.
      const saysMore = worst.from === undefined && status.tone === 'failed'
      if (severity(status) < severity(worst.status) + (saysMore ? 1 : 0)) worst = { status, from: from ?? under }
    }
    done.set(node.id, worst)
    return worst
  }
  for (const node of nodes.values()) visit(node)
  return done
}
