// Columns of the pod list.
import { h } from 'vue'
import { Pod } from '../../shared/api/core/v1.ts'
import { containerSquares, squaresWidth } from '../components/pod/container-squares.ts'
import { usageColumn } from '../metrics/usage-column.ts'
import { limitsOf } from '../world/room.ts'
import { podRestarts, podStatus } from '../status/pod-status.ts'
import { Node } from '../../shared/api/core/v1.ts'
import { ageColumn, dash, firstOwner, nameColumn, namespaceColumn, objectLink, statusColumn } from './cells.ts'
import { columnsOf } from './column.ts'
import { typeOfReference } from './references.ts'
import { AgeText } from '../components/age-text.ts'
import { m } from '../i18n/i18n.ts'

const lastRestart = (pod: Pod) =>
  (pod.status.containerStatuses ?? [])
    .map(({ lastState }) => lastState?.terminated?.finishedAt ?? '')
    .sort()
    .at(-1)

export const podColumns = columnsOf<Pod>(
  nameColumn(),
  namespaceColumn(),
  {
    id: 'containers',
    title: m('Containers'),
    value: ({ object }) => object.spec.containers.length,
    cell: ({ object }) => containerSquares(object),
    fits: ({ object }, room) => squaresWidth(object) <= room,
    least: 79,
    worth: 2,
  },
  statusColumn(Pod, podStatus),
  usageColumn('pods', 'cpu', limitsOf),
  usageColumn('pods', 'memory', limitsOf),
  {
    id: 'restarts',
    title: m('Restarts'),
    value: ({ object }) => podRestarts(object),
    cell({ object }) {
      const count = podRestarts(object)
      if (count === 0) return count
      const last = lastRestart(object)
      return h('span', { class: 'truncate text-warning font-medium' }, [
        count,
        last
          ? h('span', { class: 'text-xs text-ink-faint font-normal' }, [
              ' (',
              h(AgeText, { time: last, brief: true }),
              ')',
            ])
          : '',
      ])
    },
    least: 74,
    worth: 2,
  },
  {
    id: 'owner',
    title: m('Owner'),
    value: row => firstOwner(row)?.kind ?? '',
    cell(row, room) {
      const owner = firstOwner(row)
      return objectLink(owner && typeOfReference(owner), row.namespace, owner?.name, { label: owner?.kind, room })
    },
    drawn: { text: row => firstOwner(row)?.kind ?? '–' },
    fits: () => true,
    least: 64,
    grows: true,
  },
  {
    id: 'node',
    title: m('Node'),
    value: ({ object }) => object.spec.nodeName ?? '',
    cell: ({ object }, room) => objectLink(Node, undefined, object.spec.nodeName, { room }),
    drawn: { text: ({ object }) => object.spec.nodeName ?? '–' },
    fits: () => true,
    least: 64,
    grows: true,
    hidden: 'narrow',
  },
  {
    id: 'ip',
    title: 'IP',
    value: ({ object }) => dash(object.status.podIP),
    least: 120,
    mono: true,
    hidden: 'narrow',
  },
  {
    id: 'qos',
    title: 'QoS',
    value: ({ object }) => object.status.qosClass ?? '',
    least: 100,
    hidden: true,
  },
  ageColumn(),
)
