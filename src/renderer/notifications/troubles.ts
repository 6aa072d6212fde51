// Which workloads and nodes may be in trouble, told by their own status alone: no pod is watched for it. And scheduled
// backups, told by their Events. Pure.
import { DaemonSet, Deployment, StatefulSet } from '../../shared/api/apps/v1.ts'
import { Job } from '../../shared/api/batch/v1.ts'
import { Event, Namespace, Node } from '../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../shared/api/meta/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { nodeStatus } from '../status/object-status.ts'
import type { Wanted } from '../api/live-pool.ts'
import { stateText } from '../status/own-words.ts'
import { t } from '../i18n/i18n.ts'
import type { StatusView } from '../status/tone.ts'
import { daemonSetStatus, deploymentStatus, jobStatus, statefulSetStatus } from '../status/workload-status.ts'
import type { World } from '../world/world.ts'

export interface Suspect {
  /** One object, however often its state changes. */
  readonly key: string
  readonly type: ResourceType<KubeObject>
  readonly namespace: string | undefined
  readonly name: string
  /** What it is called where its kind and name say nothing. */
  readonly title?: string
  readonly text: string
  /** Since when, in milliseconds since the epoch, where the object itself tells. */
  readonly sinceMs?: number | undefined
  readonly object?: KubeObject
  /** Fewer pods are ready than wanted: bad only if one of these is, or none can be made; else it is on its way. */
  readonly podSelector?: LabelSelector | undefined
}

/** The Events of scheduled backups alone: they are about what is in no namespace, and so in `default`. */
const BACKUP_EVENTS: Wanted = { type: Event, namespace: 'default', fieldSelector: 'source=flotilla-backup' }

export const WATCHED: readonly Wanted[] = [
  ...[Deployment, StatefulSet, DaemonSet, Job, Node].map(type => ({ type })),
  BACKUP_EVENTS,
]

/** What tells by its last change since when something is wrong: of a Deployment, a Job, a node. */
const TELLING: Readonly<Record<string, string>> = { Available: 'False', Failed: 'True', Ready: 'False' }

function troubledSince(object: KubeObject): number | undefined {
  const { conditions = [] } = ((object as { status?: unknown }).status ?? {}) as {
    conditions?: readonly { type: string; status: string; lastTransitionTime?: string }[]
  }
  const told = conditions.find(({ type, status }) => type in TELLING && [TELLING[type], 'Unknown'].includes(status))
  return Date.parse(told?.lastTransitionTime ?? '') || undefined
}

function suspect(
  type: ResourceType<KubeObject>,
  object: KubeObject,
  status: StatusView,
  podSelector?: LabelSelector,
): Suspect[] {
  const { metadata } = object
  const isBad = status.tone === 'failed' || (type.kind === Node.kind && status.tone === 'unknown')
  const isLate =
    ['progressing', 'warning'].includes(status.tone) && podSelector !== undefined && !metadata.deletionTimestamp
  if (!isBad && !isLate) return []
  return [
    {
      key: `${type.kind}/${metadata.namespace ?? ''}/${metadata.name}`,
      type,
      namespace: metadata.namespace,
      name: metadata.name,
      object,
      text: status.reason ? `${stateText(status.text)}: ${status.reason}` : stateText(status.text),
      sinceMs: troubledSince(object),
      podSelector: isBad ? undefined : podSelector,
    },
  ]
}

/** What became of the last attempt at a scheduled backup; tried again at least once for as long as Events are kept. */
function failedBackup(world: World): Suspect[] {
  const timeOf = ({ lastTimestamp }: Event) => Date.parse(lastTimestamp ?? '') || 0
  const newest = world
    .all(Event)
    .reduce<Event | undefined>((last, each) => (last && timeOf(last) >= timeOf(each) ? last : each), undefined)
  if (newest?.reason !== 'BackupFailed') return []
  const { name } = newest.involvedObject
  const text = newest.message ?? ''
  return [
    { key: 'backup', type: Namespace, namespace: undefined, name: name ?? '', title: t('Scheduled backup'), text },
  ]
}

/** A node that joins is not ready before it is for the first time; one that takes longer has a trouble. */
const ARRIVAL_MS = 120_000
/** Within which a new node has told of itself, by two clocks that are not quite the same. */
const FIRST_WORDS_MS = 10_000

function isArriving({ metadata, status }: Node, now: number): boolean {
  const createdMs = Date.parse(metadata.creationTimestamp)
  const ready = conditionOf(status.conditions, 'Ready')
  const changedMs = Date.parse(ready?.lastTransitionTime ?? '') || createdMs
  return now - createdMs < ARRIVAL_MS && ready?.status !== 'True' && changedMs - createdMs < FIRST_WORDS_MS
}

/** @param now milliseconds since the epoch */
export const suspectsIn = (world: World, now: number = Date.now()): Suspect[] => [
  ...failedBackup(world),
  ...world.all(Node).flatMap(each => (isArriving(each, now) ? [] : suspect(Node, each, nodeStatus(each)))),
  ...world.all(Deployment).flatMap(each => suspect(Deployment, each, deploymentStatus(each), each.spec.selector)),
  ...world.all(StatefulSet).flatMap(each => suspect(StatefulSet, each, statefulSetStatus(each), each.spec.selector)),
  ...world.all(DaemonSet).flatMap(each => suspect(DaemonSet, each, daemonSetStatus(each), each.spec.selector)),
  ...world
    .all(Job)
    .flatMap(each => suspect(Job, each, jobStatus(each), each.status.active ? undefined : each.spec.selector)),
]
