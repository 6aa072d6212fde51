// Why a pod has no node: what the scheduler said, and per node what is missing.
import { Node, PersistentVolumeClaim, Pod } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { firstUntolerated } from '../../shared/machinery/taints.ts'
import { formatBytes } from '../kinds/quantity.ts'
import { podReferences } from '../world/pod-references.ts'
import { freeOn, requestsOf } from '../world/room.ts'
import type { ObjectRef } from '../world/world.ts'
import { type Cause, type Evidence, type Fix, type Scene, because, fact } from './cause.ts'
import { templateOf } from './explain-container.ts'
import { type MessageKey, formatDecimal, m, t } from '../i18n/i18n.ts'

const RESOURCES = ['cpu', 'memory'] as const

const roomText = (name: 'cpu' | 'memory', amount: number): string =>
  name === 'memory' ? formatBytes(amount) : `${formatDecimal(amount, 2, 0)} CPU`

/** `vm lacks 62 CPU and 890 GiB`, for each node with room too small. */
function shortages(pod: Pod, { world }: Scene): Evidence[] {
  const wanted = requestsOf(pod)
  const pods = world.all(Pod)
  return world.all(Node).flatMap(node => {
    const free = freeOn(node, pods)
    const lacks = RESOURCES.filter(name => wanted[name] > free[name]).map(name =>
      t('{more} more ({free} free, {wanted} asked for)', {
        more: roomText(name, wanted[name] - free[name]),
        free: roomText(name, Math.max(0, free[name])),
        wanted: roomText(name, wanted[name]),
      }),
    )
    return lacks.length
      ? [
          fact(
            t('{name} would need {lacks}', { name: node.metadata.name, lacks: lacks.join(` ${t('and')} `) }),
            t('requests of the pods on it'),
          ),
        ]
      : []
  })
}

interface Obstacle {
  readonly code: string
  readonly pattern: RegExp
  readonly text: (match: RegExpExecArray) => string
  readonly edit: MessageKey
}

const OBSTACLES: readonly Obstacle[] = [
  {
    code: 'insufficient',
    pattern: /Insufficient ([\w./-]+)/,
    text: ([, name]) => t('no node has enough {name} left', { name: name ?? t('room') }),
    edit: m('the requests'),
  },
  {
    code: 'too-many-pods',
    pattern: /Too many pods/,
    text: () => t('every node has as many pods as it may have'),
    edit: m('the replicas'),
  },
  {
    code: 'taint',
    pattern: /untolerated taint(?:\(s\)|s)? ?(\{[^}]*\})?/,
    text: ([, taint]) =>
      taint
        ? t('the nodes have a taint {taint} that the pod does not tolerate', { taint })
        : t('the nodes have a taint that the pod does not tolerate'),
    edit: m('the tolerations'),
  },
  {
    code: 'unschedulable',
    pattern: /were unschedulable/,
    text: () => t('the nodes are cordoned'),
    edit: m('the node selector'),
  },
  {
    code: 'node-selector',
    pattern: /didn't match Pod's node affinity\/selector/,
    text: () => t('no node has the labels that the pod selects'),
    edit: m('the node selector'),
  },
  {
    code: 'anti-affinity',
    pattern: /didn't match pod anti-affinity rules|didn't satisfy existing pods anti-affinity/,
    text: () => t('pods that it must not share a node with are on every node'),
    edit: m('the affinity'),
  },
  {
    code: 'affinity',
    pattern: /didn't match pod affinity rules/,
    text: () => t('no node runs the pods that it must be beside'),
    edit: m('the affinity'),
  },
  {
    code: 'spread',
    pattern: /didn't match pod topology spread constraints/,
    text: () => t('its topology spread constraints forbid every node'),
    edit: m('the spread constraints'),
  },
  {
    code: 'ports',
    pattern: /didn't have free ports/,
    text: () => t('the host port that it wants is taken on every node'),
    edit: m('the host ports'),
  },
  {
    code: 'volume-zone',
    pattern: /volume node affinity conflict/,
    text: () => t('its volume is on a node that cannot take it'),
    edit: m('the volumes'),
  },
]

/** Put there while a node is not well: who tolerated them would be placed on a node that cannot run it. */
const BY_CONDITION =
  /^node\.kubernetes\.io\/(?:not-ready|unreachable|(?:memory|disk|pid)-pressure|network-unavailable)$/

/** Keys of the taints in the way; not every scheduler names them. Of a cordoned node it says that alone. */
function taintsInTheWay(told: string, { spec }: Pod, { world }: Scene): string[] {
  const named = [...told.matchAll(/untolerated taint \{([^:}]+)/g)].map(([, key = '']) => key)
  if (named.length) return named
  return world
    .all(Node)
    .filter(node => !node.spec.unschedulable)
    .flatMap(node => firstUntolerated(node.spec.taints, spec.tolerations, ['NoSchedule', 'NoExecute'])?.key ?? [])
}

const SUMMARY = /^\d+\/(\d+) nodes are available: (.*?)(?:\. preemption:.*)?$/s

export function explainPending(pod: Pod, scene: Scene, ref: ObjectRef): Cause {
  const scheduled = conditionOf(pod.status.conditions, 'PodScheduled')
  const message = scheduled?.message ?? ''
  const pending = (causes: readonly Cause[], evidence: readonly Evidence[] = []) =>
    because('pending', ref, t('pod {name} has no node yet', { name: ref.name }), { causes, evidence })

  if (scheduled?.reason === 'SchedulingGated') {
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name).join(', ')
    return pending([because('gated', ref, t('its scheduling gates are not lifted ({gates})', { gates }))])
  }
  if (!scheduled || scheduled.status === 'True')
    return pending([because('unseen', ref, t('the scheduler has not looked at it yet'))])

  const claims = podReferences(pod.spec).flatMap(({ type, name }) =>
    type.kind === PersistentVolumeClaim.kind
      ? (scene.explain({ type, namespace: pod.metadata.namespace, name }) ?? [])
      : [],
  )
  if (claims.length && /PersistentVolumeClaim|persistentvolumeclaim|volume/.test(message))
    return pending(claims, [fact(message, 'scheduler')])
  if (scene.world.knows(Node) && scene.world.all(Node).length === 0)
    return pending([
      because('no-nodes', ref, t('the cluster has no node'), {
        fixes: [{ kind: 'add-hosts', title: t('Add hosts') }],
      }),
    ])

  const template = templateOf(pod, scene, ref)
  const told = SUMMARY.exec(message)?.[2] ?? message
  const nodesAway = scene.world.all(Node).flatMap(node => scene.explain({ type: Node, name: node.metadata.name }) ?? [])
  const taints = taintsInTheWay(told, pod, scene)
  const isMendedThere = taints.length > 0 && taints.every(key => BY_CONDITION.test(key))
  const causes = OBSTACLES.flatMap(({ code, pattern, text, edit }) => {
    const match = pattern.exec(told)
    if (!match) return []
    const change: Fix = {
      kind: 'edit',
      title: t('Edit {what} in {kind} {name}', { what: t(edit), kind: template.type.kind, name: template.name }),
      ref: template,
    }
    return [
      because(code, ref, text(match), {
        evidence: code === 'insufficient' ? shortages(pod, scene) : [],
        fixes: code === 'taint' && isMendedThere ? [] : [change],
        causes: code === 'unschedulable' || code === 'taint' ? nodesAway : [],
      }),
    ]
  })
  return pending(causes.length ? causes : [because('unschedulable-other', ref, t('no node fits'))], [
    fact(told, 'scheduler'),
  ])
}
