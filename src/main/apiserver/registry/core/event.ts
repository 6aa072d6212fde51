// Events of the core group. Stored in this form; events.k8s.io/v1 is another view of the same objects.
import { Event } from '../../../../shared/api/core/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { eventColumns } from '../columns/event.ts'
import { defineResource } from '../resource.ts'
import { validateEvent } from './validate-event.ts'

/** Go prints these four even when they are empty. */
export function setEventDefaults(event: Event): void {
  event.involvedObject ??= {}
  event.source ??= {}
  event.reportingComponent ??= ''
  event.reportingInstance ??= ''
}

export const events = defineResource<Event>({
  type: Event,
  createdByUpdates: true,
  shortNames: ['ev'],
  storage: 'core/events',
  setDefaults: setEventDefaults,
  selectableFields: {
    'involvedObject.kind': event => event.involvedObject.kind ?? '',
    'involvedObject.namespace': event => event.involvedObject.namespace ?? '',
    'involvedObject.name': event => event.involvedObject.name ?? '',
    'involvedObject.uid': event => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': event => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': event => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': event => event.involvedObject.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingComponent: event => event.reportingComponent ?? '',
    source: event => event.source?.component || event.reportingComponent || '',
    type: event => event.type ?? '',
  },
  validateName: pathSegmentName,
  validate: validateEvent,
  columns: eventColumns,
})
