// events.k8s.io/v1: the newer shape of events, over the same stored objects as the core group's.
import { Event as StoredEvent, type Event as CoreEvent } from '../../../../shared/api/core/v1.ts'
import { Event } from '../../../../shared/api/events/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { eventColumns } from '../columns/event.ts'
import { validateNewEvent, validateNewEventUpdate } from '../core/validate-event.ts'
import { defineResource } from '../resource.ts'

const RENAMED: readonly (readonly [stored: string, served: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
]
const TO_SERVED = new Map(RENAMED)
const TO_STORED = new Map(RENAMED.map(([stored, served]) => [served, stored]))

function renamed(object: AnyObject, names: ReadonlyMap<string, string>, apiVersion: string): AnyObject {
  const result: Record<string, unknown> = {}
  for (const key in object) result[names.get(key) ?? key] = object[key]
  result['apiVersion'] = apiVersion
  return result as AnyObject
}

export const eventFromCore = (stored: AnyObject): Event =>
  renamed(stored, TO_SERVED, 'events.k8s.io/v1') as unknown as Event
export const eventToCore = (event: Event): AnyObject => renamed(event as unknown as AnyObject, TO_STORED, 'v1')

const core = (event: Event) => eventToCore(event) as unknown as CoreEvent

export const newEvents = defineResource<Event>({
  type: Event,
  createdByUpdates: true,
  shortNames: ['ev'],
  storage: 'core/events',
  storedAs: '/v1/Event',
  toldAs: StoredEvent,
  fromStorage: eventFromCore,
  toStorage: eventToCore,
  setDefaults: event => {
    event.regarding ??= {}
    event.deprecatedSource ??= {}
  },
  selectableFields: {
    'regarding.kind': event => event.regarding?.kind ?? '',
    'regarding.namespace': event => event.regarding?.namespace ?? '',
    'regarding.name': event => event.regarding?.name ?? '',
    'regarding.uid': event => event.regarding?.uid ?? '',
    'regarding.apiVersion': event => event.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': event => event.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': event => event.regarding?.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingController: event => event.reportingController ?? '',
    type: event => event.type ?? '',
  },
  // An update may also be of one that was made in the old form.
  validate: event => (event.metadata.resourceVersion ? [] : validateNewEvent(core(event))),
  validateUpdate: (event, old) => validateNewEventUpdate(core(event), core(old)),
  columns: eventColumns.map(column => ({ ...column, value: (event, nowMs) => column.value(core(event), nowMs) })),
})
