// The scheduler's answer to "what if", as lines for people.
import { Namespace } from '../../shared/api/core/v1.ts'
import type { WhatIfPod, WhatIfSpec } from '../../shared/api/flotilla/scheduling-v1.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { parseObjects } from '../api/yaml-text.ts'
import { groupBy } from '../../shared/machinery/group-by.ts'
import { m, t } from '../i18n/i18n.ts'

const place = (node: string | undefined) => (node ? t('to {node}', { node }) : t('nowhere'))

const reasonOf = ({ message, to }: WhatIfPod) => (message && !to ? message : undefined)

function lineOf(pod: WhatIfPod, withReason: boolean): string {
  const name = `${pod.namespace}/${pod.name}`
  const why = withReason ? reasonOf(pod) : undefined
  const reason = why ? `: ${why}` : ''
  const blocked = pod.blockedBy ? ` ${t('(not now: budget {blockedBy})', { blockedBy: pod.blockedBy })}` : ''
  switch (pod.change) {
    case 'Create':
      return (
        (pod.to
          ? t('{name} would start on {node}', { name, node: pod.to })
          : t('{name} would start nowhere', { name })) + reason
      )
    case 'Move':
      return (
        (pod.to
          ? t('{name} would go from {from} to {to}', { name, from: pod.from ?? '', to: pod.to })
          : t('{name} would leave {from} and find no node', { name, from: pod.from ?? '' })) +
        reason +
        blocked
      )
    case 'Preempt':
      return t('{name} would have to make room, and go {to}', { name, to: place(pod.to) }) + reason + blocked
    case 'Remove':
      return t(pod.lost ? '{name} would be lost: nothing makes it anew' : '{name} would be removed', { name }) + blocked
    case 'Wait':
      return t('{name}, which waits now, would go {to}', { name, to: place(pod.to) }) + reason
    default:
      return t('{name} would stay; if it were replaced it would go {to}', { name, to: place(pod.to) }) + reason
  }
}

/** What would follow, in a sentence. */
export function summaryOf(pods: readonly WhatIfPod[]): string {
  const count = (which: (pod: WhatIfPod) => unknown) => pods.filter(which).length
  const wants = ({ change }: WhatIfPod) => change === 'Create' || change === 'Move' || change === 'Preempt'
  const told = (
    [
      [count(pod => wants(pod) && pod.to), m('{n} pod finds a node | {n} pods find a node')],
      [count(pod => wants(pod) && !pod.to), m('{n} would wait | {n} would wait')],
      [
        count(({ change, to }) => change === 'Wait' && to),
        m('{n} that waits now would start | {n} that wait now would start'),
      ],
      [count(({ change, lost }) => change === 'Remove' && !lost), m('{n} would be removed | {n} would be removed')],
      [count(({ lost }) => lost), m('{n} would be lost | {n} would be lost')],
      [
        count(({ blockedBy }) => blockedBy),
        m('{n} is held back by disruption budgets | {n} are held back by disruption budgets'),
      ],
    ] as const
  ).flatMap(([n, text]) => (n > 0 ? [t(text, { n })] : []))
  return told.length > 0 ? `${told.join(', ')}.` : t('Nothing would move.')
}

/** Trouble first. */
const rank = ({ change, to, lost, blockedBy }: WhatIfPod) =>
  lost || (!to && change !== 'Remove') ? 0 : blockedBy || change === 'Preempt' ? 1 : 2

export interface WhatIfLine {
  readonly text: string
  readonly isTrouble: boolean
  /** Of how many pods it is said: those that a workload would make have no names yet. */
  readonly times: number
  /** Its reason stands above, once for it and others. */
  readonly isBelow?: boolean
}

function addUp(pods: readonly WhatIfPod[], withReason: boolean): WhatIfLine[] {
  const lines = new Map<string, WhatIfLine>()
  for (const pod of pods) {
    const text = lineOf(pod, withReason)
    lines.set(text, { text, isTrouble: !pod.to, times: (lines.get(text)?.times ?? 0) + 1 })
  }
  return [...lines.values()]
}

/**
 * What is worth telling, trouble first; a reason that several have is told once, above them. A pod that waits now and
 * would wait on is no news.
 */
export function linesOf(pods: readonly WhatIfPod[]): readonly WhatIfLine[] {
  const told = pods.filter(({ change, to }) => change !== 'Wait' || to).sort((a, b) => rank(a) - rank(b))
  // What has no reason that could be told once is a group by what is said of it.
  const groups = groupBy(told, pod => reasonOf(pod) ?? lineOf(pod, false))
  return [...groups].flatMap(([text, those]): readonly WhatIfLine[] => {
    const lines = addUp(those, true)
    if (lines.length === 1) return lines
    const below = addUp(those, false).map(line => ({ ...line, isBelow: true }))
    return [{ text, isTrouble: true, times: those.length }, ...below]
  })
}

/** Kinds that have pods, or that pods find room by. */
const ABOUT_PLACES = new Set([
  ...['Pod', 'Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job'],
  ...['Node', 'PersistentVolume', 'PersistentVolumeClaim'],
])

/** What somebody wants of an object, without what the server told of it. */
function wanted({ status: _status, metadata, ...rest }: AnyObject): AnyObject {
  const { name, namespace, labels, annotations } = metadata
  const kept = Object.entries({ name, namespace, labels, annotations }).filter(([, value]) => value !== undefined)
  return { ...rest, metadata: Object.fromEntries(kept) } as unknown as AnyObject
}

/** Only what places depend on is told: what Secrets hold goes nowhere. @returns nothing where nothing is about places */
export const aboutPlaces = (objects: readonly AnyObject[]): readonly AnyObject[] =>
  objects.some(({ kind }) => ABOUT_PLACES.has(kind))
    ? objects.filter(({ kind }) => ABOUT_PLACES.has(kind) || kind === Namespace.kind)
    : []

/** @param text manifests as the server would store them. @returns undefined where nothing of it is about places */
export function specOf(text: string | undefined): WhatIfSpec | undefined {
  const objects = aboutPlaces(text === undefined ? [] : parseObjects(text))
  return objects.length ? { apply: objects.map(wanted) } : undefined
}
