// Columns of events.
import { h } from 'vue'
import type { Event } from '../../shared/api/core/v1.ts'
import { AgeText } from '../components/age-text.ts'
import { statusBadge } from '../components/status/status-badge.ts'
import { eventStatus } from '../status/object-status.ts'
import { badgeColumn, namespaceColumn, objectLink } from './cells.ts'
import { columnsOf } from './column.ts'
import { eventCount, eventTime } from './event-facts.ts'
import { typeOfReference } from './references.ts'
import { m } from '../i18n/i18n.ts'

export const eventColumns = columnsOf<Event>(
  {
    id: 'last',
    title: m('Last seen'),
    value: ({ object }) => -Date.parse(eventTime(object) ?? '0'),
    cell: ({ object }) => h(AgeText, { time: eventTime(object) }),
    fits: () => true,
    width: '96px',
  },
  {
    ...badgeColumn(eventStatus, m('Type')),
    // Most are; a mark on each would hide those that are not.
    cell: ({ object }) => (object.type === 'Warning' ? statusBadge(eventStatus(object)) : (object.type ?? '–')),
    width: '100px',
  },
  { id: 'reason', title: m('Reason'), value: ({ object }) => object.reason ?? '', width: 'minmax(138px, 1fr)' },
  {
    id: 'object',
    title: m('Object'),
    value: ({ object }) => `${object.involvedObject.kind ?? ''}/${object.involvedObject.name ?? ''}`,
    cell({ object: { involvedObject: about } }, room) {
      const label = `${about.kind ?? ''}/${about.name ?? ''}`
      return objectLink(typeOfReference(about), about.namespace, about.name, { label, room })
    },
    fits: () => true,
    width: 'minmax(160px, 1.6fr)',
  },
  {
    id: 'message',
    title: m('Message'),
    value: ({ object }) => object.message ?? '',
    // It cuts itself.
    cell: ({ object }) => h('span', { class: 'truncate', title: object.message }, object.message),
    fits: () => true,
    width: 'minmax(240px, 4fr)',
  },
  { id: 'count', title: m('Count'), value: ({ object }) => eventCount(object), width: '58px' },
  namespaceColumn(),
)
