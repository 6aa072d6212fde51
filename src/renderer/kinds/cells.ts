// Cells and columns that many kinds share.
import { type VNodeChild, h } from 'vue'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { Row } from '../api/sources.ts'
import { AgeText } from '../components/age-text.ts'
import { type Font, fits } from '../components/resource/text-room.ts'
import { AROUND_PX, statusBadge } from '../components/status/status-badge.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { asks } from '../why/asked.ts'
import { refTo } from '../world/world.ts'
import { objectAddress } from '../places.ts'
import { toneOrder, type StatusView } from '../status/tone.ts'
import { stateText } from '../status/own-words.ts'
import { withPods } from '../status/pods-below.ts'
import type { ResourceColumn } from './column.ts'
import { m } from '../i18n/i18n.ts'

type Column<T extends KubeObject> = ResourceColumn<T>

export const nameColumn = <T extends KubeObject = AnyObject>(): Column<T> => ({
  id: 'name',
  title: m('Name'),
  value: row => row.name,
  strong: true,
  least: 120,
  most: 184,
  grows: true,
  worth: 'always',
})

export const namespaceColumn = <T extends KubeObject = AnyObject>(): Column<T> => ({
  id: 'namespace',
  title: m('Namespace'),
  value: row => row.namespace,
  least: 88,
  most: 140,
  grows: true,
  worth: 2,
})

export const ageColumn = <T extends KubeObject = AnyObject>(): Column<T> => ({
  id: 'age',
  title: m('Age'),
  // Age grows as the timestamp falls.
  value: row => -Date.parse(row.object.metadata.creationTimestamp || '0'),
  cell: row => h(AgeText, { time: row.object.metadata.creationTimestamp }),
  fits: () => true,
  least: 60,
  worth: 2,
})

/** A status that tells no more than it says. */
export const badgeColumn = <T extends KubeObject>(
  status: (object: T) => StatusView,
  title = m('Status'),
): Column<T> => ({
  id: 'status',
  title,
  value: row => {
    const { tone, text } = withPods(status(row.object), row.worst)
    return `${toneOrder.indexOf(tone)} ${text}`
  },
  cell: (row, room) => statusBadge(status(row.object), { room }),
  fits: () => true,
  drawn: { text: row => stateText(withPods(status(row.object), row.worst).text), font: 'badge', aroundPx: AROUND_PX },
  least: 96,
  grows: true,
  worth: 'always',
})

/** States that raise the question why. */
const ASKED = new Set(['failed', 'warning', 'progressing'])

export const statusColumn = <T extends KubeObject>(
  type: ResourceType<T>,
  status: (object: T) => StatusView,
): Column<T> => ({
  ...badgeColumn(status),
  cell: (row, room) => {
    const view = withPods(status(row.object), row.worst)
    if (!ASKED.has(view.tone)) return statusBadge(view, { room })
    const more = asks({ about: refTo(type, row.object), fallback: view.reason ?? view.text })
    return statusBadge(view, { room, more })
  },
})

/** As many of them as there is room for, and how many more there are; all of them while not one fits. */
function asManyAsFit(texts: readonly string[], font: Font, room: number): string {
  const whole = texts.join(', ')
  if (room === 0 || fits(whole, font, room)) return whole
  for (let shown = texts.length - 1; shown > 0; shown--) {
    const some = `${texts.slice(0, shown).join(', ')} +${texts.length - shown}`
    if (fits(some, font, room)) return some
  }
  return whole
}

/** Several texts, such as keys or labels: none of those that are shown is cut, and the others are counted. */
export const textsColumn = <T extends KubeObject>({
  texts,
  ...column
}: Omit<Column<T>, 'value' | 'cell' | 'fits' | 'drawn'> & {
  readonly texts: (object: T) => readonly string[]
}): Column<T> => {
  const font = column.mono ? 'mono' : 'plain'
  const whole = ({ object }: Row<T>) => texts(object).join(', ') || '–'
  return {
    grows: true,
    ...column,
    value: whole,
    drawn: { text: whole, font },
    cell(row, room) {
      const all = whole(row)
      const text = asManyAsFit(texts(row.object), font, room) || all
      return text === all ? all : h('span', { class: 'whitespace-nowrap', title: all }, text)
    },
    fits: () => true,
  }
}

/** A link to another object, or a dash. */
export function objectLink(
  target: { group: string; version: string; plural: string } | undefined,
  namespace: string | undefined,
  name: string | undefined,
  { label = name, room = 0 }: { label?: string | undefined; room?: number } = {},
): VNodeChild {
  if (!name) return '–'
  if (!target) return label
  return h(
    'a',
    {
      href: objectAddress(target, namespace, name),
      class: ['link', fits(label ?? name, 'plain', room) ? 'whitespace-nowrap' : 'truncate'],
      'data-place': '',
    },
    label,
  )
}

export const dash = (text: string | number | undefined): string | number =>
  text === undefined || text === '' ? '–' : text

/** `1/3`, amber while it is less than wanted. */
export const ratio = (have: number, want: number): VNodeChild =>
  have < want ? h('span', { class: 'text-warning font-medium' }, `${have}/${want}`) : `${have}/${want}`

export const firstOwner = ({ object }: Row<KubeObject>) =>
  object.metadata.ownerReferences?.find(({ controller }) => controller) ?? object.metadata.ownerReferences?.[0]
