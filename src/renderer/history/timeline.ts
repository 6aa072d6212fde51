// Changes and warnings of a cluster in one order. Pure.
import type { Event } from '../../shared/api/core/v1.ts'
import { apiVersionOf } from '../../shared/machinery/resource-type.ts'
import { eventCount, eventMessage, eventReason, eventTime } from '../kinds/event-facts.ts'
import { actionText } from './action-text.ts'
import type { ObjectRevision } from './revisions.ts'

export interface Moment {
  readonly id: string
  readonly time: string
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string | undefined
  readonly name: string
  /** `Created`, `Updated`, `Deleted`, or the reason of a warning. */
  readonly what: string
  readonly isWarning: boolean
  /** Made and changed by controllers all the time. */
  readonly isDetail: boolean
  readonly text: string
  /** The revision to bring back, where the object is gone and this is its end. */
  readonly gone: ObjectRevision | undefined
  /** Lower case; what a filter looks at. */
  readonly words: string
}

const DETAILS = new Set(['Pod', 'ReplicaSet', 'ControllerRevision', 'Job'])
const keyOf = ({ of }: ObjectRevision) => [of.group, of.resource, of.namespace, of.name].join('/')

/** @param revisions newest first */
export function timeline(revisions: readonly ObjectRevision[], warnings: readonly Event[]): Moment[] {
  const seen = new Set<string>()
  const moment = (given: Omit<Moment, 'words'>): Moment => ({
    ...given,
    words: [given.kind, given.name, given.namespace, given.what, actionText(given.what), given.text]
      .join(' ')
      .toLowerCase(),
  })
  const changes = revisions.map(revision => {
    const { of, action, metadata } = revision
    const isNewest = !seen.has(keyOf(revision))
    seen.add(keyOf(revision))
    return moment({
      id: metadata.uid,
      time: metadata.creationTimestamp,
      apiVersion: apiVersionOf(of),
      kind: of.kind,
      namespace: of.namespace,
      name: of.name,
      what: action,
      isWarning: false,
      isDetail: DETAILS.has(of.kind),
      text: '',
      gone: isNewest && action === 'Deleted' ? revision : undefined,
    })
  })
  const reports = warnings.map(event => {
    const { apiVersion = 'v1', kind = '', namespace, name = '' } = event.involvedObject
    const count = eventCount(event)
    return moment({
      id: event.metadata.uid,
      time: eventTime(event) ?? '',
      apiVersion,
      kind,
      namespace,
      name,
      what: eventReason(event) || 'Warning',
      isWarning: true,
      isDetail: false,
      text: `${eventMessage(event)}${count > 1 ? ` (×${count})` : ''}`,
      gone: undefined,
    })
  })
  return [...changes, ...reports].sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
}
