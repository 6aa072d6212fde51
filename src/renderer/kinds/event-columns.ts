// Columns of events.
import { h } from 'vue'
import type { Event } from '../../shared/api/core/v1.ts'
import { AgeText } from '../components/age-text.ts'
import { statusBadge } from '../components/status/status-badge.ts'
import { eventStatus } from '../status/object-status.ts'
import { badgeColumn, namespaceColumn, objectLink } from './cells.ts'
import { columnsOf } from './column.ts'
import { eventCount, eventMessage, eventReason, eventTime } from './event-facts.ts'
import { typeOfReference } from './references.ts'
import { m } from '../i18n/i18n.ts'

export const eventColumns = columnsOf<Event>(
  {
    id: 'last',
    title: m('Last seen'),
    value: ({ object }) => -Date.parse(eventTime(object) ?? '0'),
    cell: ({ object }) => h(AgeText, { time: eventTime(object) }),
    fits: () => true,
    least: 96,
  },
  {
    ...badgeColumn(eventStatus, m('Type')),
    // Most are; a mark on each would hide those that are not.
    cell: ({ object }) => (object.type === 'Warning' ? statusBadge(eventStatus(object)) : (object.type ?? '–')),
    least: 100,
    worth: 2,
  },
  { id: 'reason', title: m('Reason'), value: ({ object }) => eventReason(object), least: 96, grows: true, worth: 4 },
  {
    id: 'object',
    title: m('Object'),
    value: ({ object }) => `${object.involvedObject.kind ?? ''}/${object.involvedObject.name ?? ''}`,
    cell({ object: { involvedObject: about } }, room) {
      const label = `${about.kind ?? ''}/${about.name ?? ''}`
      return objectLink(typeOfReference(about), about.namespace, about.name, { label, room })
    },
    drawn: { text: ({ object: { involvedObject: about } }) => `${about.kind ?? ''}/${about.name ?? ''}` },
    fits: () => true,
    least: 120,
    most: 140,
    grows: true,
    worth: 3,
  },
  {
    id: 'message',
    title: m('Message'),
    value: ({ object }) => eventMessage(object),
    drawn: { text: ({ object }) => eventMessage(object) },
    // It cuts itself.
    cell: ({ object }) => h('span', { class: 'truncate', title: eventMessage(object) }, eventMessage(object)),
    fits: () => true,
    least: 160,
    // Without what it is about, and whether it is a warning, a longer message says less.
    most: 160,
    grows: true,
    worth: 4,
  },
  { id: 'count', title: m('Count'), value: ({ object }) => eventCount(object), least: 58, align: 'right' },
  namespaceColumn(),
)
