// What an Event must look like: little of an old one, and more of one that says when it happened.
import type { Event } from '../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { byteLength, qualifiedName } from '../../../../shared/machinery/names.ts'
import { immutable, obey } from '../support/rules.ts'

const MAX_TEXT = 128
const MAX_NOTE = 1024

/** Objects without a namespace report into `default`; newer reporters into the system's too. */
function namespaceErrors({ metadata, involvedObject, eventTime }: Event): FieldError[] {
  const { namespace = '' } = involvedObject
  const own = metadata.namespace ?? ''
  const wrong = [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')]
  if (eventTime) return namespace === '' && own !== 'default' && own !== 'kube-system' ? wrong : []
  return namespace === own || (namespace === '' && own === 'default') ? [] : wrong
}

function textErrors(path: string, text = ''): FieldError[] {
  if (text === '') return [required(path)]
  return byteLength(text) > MAX_TEXT ? [invalidValue(path, '', `can have at most ${MAX_TEXT} characters`)] : []
}

/** @param reporter the name of the field that says who reports, in the version of the request */
export function validateEventAs(event: Event, reporter: string): FieldError[] {
  const { eventTime, reportingComponent = '', message = '' } = event
  if (!eventTime) return namespaceErrors(event)
  return [
    ...namespaceErrors(event),
    ...(reportingComponent ? [] : [required(reporter)]),
    ...obey(reporter, reportingComponent, qualifiedName),
    ...textErrors('reportingInstance', event.reportingInstance),
    ...textErrors('action', event.action),
    ...textErrors('reason', event.reason),
    ...(byteLength(message) > MAX_NOTE ? [invalidValue('message', '', `can have at most ${MAX_NOTE} characters`)] : []),
  ]
}

export const validateEvent = (event: Event): FieldError[] => validateEventAs(event, 'reportingComponent')

/** With what Go prints where there is nothing. */
const FIXED = {
  involvedObject: {},
  reason: '',
  message: '',
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  count: 0,
  type: '',
  eventTime: null,
  action: '',
  related: null,
  reportingComponent: '',
  reportingInstance: '',
} as const

const seriesErrors = ({ series }: Event): FieldError[] => [
  ...(series && (series.count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
  ...(series && !series.lastObservedTime ? [required('series.lastObservedTime')] : []),
]

/** In events.k8s.io, what has happened stays; only how often may still be told. */
export const validateNewEventUpdate = (event: Event, old: Event): FieldError[] => [
  ...validateEventAs(event, 'reportingController'),
  ...(deepEqual(event.series, old.series) ? [] : seriesErrors(event)),
  ...(Object.keys(FIXED) as (keyof typeof FIXED)[]).flatMap(field => {
    const path = field === 'reportingComponent' ? 'reportingController' : field
    return immutable(path, event[field] ?? FIXED[field], old[field] ?? FIXED[field])
  }),
]

/** What only events.k8s.io wants of a new one, by the names of the stored form. */
export function validateNewEvent(event: Event): FieldError[] {
  const { eventTime, type = '', firstTimestamp, lastTimestamp, count = 0, source } = event
  const unset = (field: string, value: unknown) => (value ? [invalidValue(field, '', 'needs to be unset')] : [])
  return [
    ...validateEventAs(event, 'reportingController'),
    ...seriesErrors(event),
    ...(eventTime ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalidValue('type', '', `has invalid value: ${type}`)]),
    ...unset('firstTimestamp', firstTimestamp),
    ...unset('lastTimestamp', lastTimestamp),
    ...unset('count', count),
    ...unset('source', source?.component || source?.host),
  ]
}
