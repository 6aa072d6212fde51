// Why a pod has no node: what the scheduler said, and per node what is missing.
import { Node, PersistentVolumeClaim, Pod } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { formatBytes } from '../kinds/quantity.ts'
import { podReferences } from '../world/pod-references.ts'
import { freeOn, requestsOf } from '../world/room.ts'
import type { ObjectRef } from '../world/world.ts'
import { type Cause, type Evidence, type Fix, type Scene, because, fact } from './cause.ts'
import { templateOf } from './explain-container.ts'

const RESOURCES = ['cpu', 'memory'] as const

const roomText = (name: 'cpu' | 'memory', amount: number): string =>
  name === 'memory' ? formatBytes(amount) : `${Number(amount.toFixed(2))} CPU`

/** `vm lacks 62 CPU and 890 GiB`, for each node with room too small. */
function shortages(pod: Pod, { world }: Scene): Evidence[] {
  const wanted = requestsOf(pod)
  const pods = world.all(Pod)
  return world.all(Node).flatMap(node => {
    const free = freeOn(node, pods)
    const lacks = RESOURCES.filter(name => wanted[name] > free[name]).map(
      name =>
        `${roomText(name, wanted[name] - free[name])} more (${roomText(name, Math.max(0, free[name]))} free, ${roomText(name, wanted[name])} asked for)`,
    )
    return lacks.length
      ? [fact(`${node.metadata.name} would need ${lacks.join(' and ')}`, 'requests of the pods on it')]
      : []
  })
}

interface Obstacle {
  readonly code: string
  readonly pattern: RegExp
  readonly text: (match: RegExpExecArray) => string
  readonly edit: string
}

const OBSTACLES: readonly Obstacle[] = [
  {
    code: 'insufficient',
    pattern: /Insufficient ([\w./-]+)/,
    text: ([, name]) => `no node has enough ${name ?? 'room'} left`,
    edit: 'the requests',
  },
  {
    code: 'too-many-pods',
    pattern: /Too many pods/,
    text: () => 'every node has as many pods as it may have',
    edit: 'the replicas',
  },
  {
    code: 'taint',
    pattern: /untolerated taint(?:\(s\)|s)? ?(\{[^}]*\})?/,
    text: ([, taint]) => `the nodes have a taint${taint ? ` ${taint}` : ''} that the pod does not tolerate`,
    edit: 'the tolerations',
  },
  {
    code: 'unschedulable',
    pattern: /were unschedulable/,
    text: () => 'the nodes are cordoned',
    edit: 'the node selector',
  },
  {
    code: 'node-selector',
    pattern: /didn't match Pod's node affinity\/selector/,
    text: () => 'no node has the labels that the pod selects',
    edit: 'the node selector',
  },
  {
    code: 'anti-affinity',
    pattern: /didn't match pod anti-affinity rules|didn't satisfy existing pods anti-affinity/,
    text: () => 'pods that it must not share a node with are on every node',
    edit: 'the affinity',
  },
  {
    code: 'affinity',
    pattern: /didn't match pod affinity rules/,
    text: () => 'no node runs the pods that it must be beside',
    edit: 'the affinity',
  },
  {
    code: 'spread',
    pattern: /didn't match pod topology spread constraints/,
    text: () => 'its topology spread constraints forbid every node',
    edit: 'the spread constraints',
  },
  {
    code: 'ports',
    pattern: /didn't have free ports/,
    text: () => 'the host port that it wants is taken on every node',
    edit: 'the host ports',
  },
  {
    code: 'volume-zone',
    pattern: /volume node affinity conflict/,
    text: () => 'its volume is on a node that cannot take it',
    edit: 'the volumes',
  },
]

const SUMMARY = /^\d+\/(\d+) nodes are available: (.*?)(?:\. preemption:.*)?$/s

export function explainPending(pod: Pod, scene: Scene, ref: ObjectRef): Cause {
  const scheduled = conditionOf(pod.status.conditions, 'PodScheduled')
  const message = scheduled?.message ?? ''
  const pending = (causes: readonly Cause[], evidence: readonly Evidence[] = []) =>
    because('pending', ref, `pod ${ref.name} has no node yet`, { causes, evidence })

  if (scheduled?.reason === 'SchedulingGated') {
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name).join(', ')
    return pending([because('gated', ref, `its scheduling gates are not lifted (${gates})`)])
  }
  if (!scheduled || scheduled.status === 'True')
    return pending([because('unseen', ref, 'the scheduler has not looked at it yet')])

  const claims = podReferences(pod.spec).flatMap(({ type, name }) =>
    type.kind === PersistentVolumeClaim.kind
      ? (scene.explain({ type, namespace: pod.metadata.namespace, name }) ?? [])
      : [],
  )
  if (claims.length && /PersistentVolumeClaim|persistentvolumeclaim|volume/.test(message))
    return pending(claims, [fact(message, 'scheduler')])
  if (scene.world.knows(Node) && scene.world.all(Node).length === 0)
    return pending([because('no-nodes', ref, 'the cluster has no node')])

  const template = templateOf(pod, scene, ref)
  const told = SUMMARY.exec(message)?.[2] ?? message
  const nodesAway = scene.world.all(Node).flatMap(node => scene.explain({ type: Node, name: node.metadata.name }) ?? [])
  const causes = OBSTACLES.flatMap(({ code, pattern, text, edit }) => {
    const match = pattern.exec(told)
    if (!match) return []
    const fixes: Fix[] = [
      { kind: 'edit', title: `Edit ${edit} in ${template.type.kind} ${template.name}`, ref: template },
    ]
    const isNodes = code === 'unschedulable' || code === 'taint'
    return [
      because(code, ref, text(match), {
        evidence: code === 'insufficient' ? shortages(pod, scene) : [],
        fixes,
        causes: isNodes ? nodesAway : [],
      }),
    ]
  })
  return pending(causes.length ? causes : [because('unschedulable-other', ref, 'no node fits')], [
    fact(told, 'scheduler'),
  ])
}
