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
  // All of it fits beside each other where the window is 1280 pixels wide, names of a Deployment's pods as a whole.
  { ...nameColumn(), width: 'minmax(196px, 3fr)' },
  { ...namespaceColumn(), width: 'minmax(88px, 1fr)' },
  {
    id: 'containers',
    title: m('Containers'),
    value: ({ object }) => object.spec.containers.length,
    cell: ({ object }) => containerSquares(object),
    fits: ({ object }, room) => squaresWidth(object) <= room,
    width: '79px',
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
    width: 'minmax(74px, 0.4fr)',
  },
  {
    id: 'owner',
    title: m('Owner'),
    value: row => firstOwner(row)?.kind ?? '',
    cell(row, room) {
      const owner = firstOwner(row)
      return objectLink(owner && typeOfReference(owner), row.namespace, owner?.name, { label: owner?.kind, room })
    },
    fits: () => true,
    width: 'minmax(88px, 1fr)',
  },
  {
    id: 'node',
    title: m('Node'),
    value: ({ object }) => object.spec.nodeName ?? '',
    cell: ({ object }, room) => objectLink(Node, undefined, object.spec.nodeName, { room }),
    fits: () => true,
    width: 'minmax(100px, 1fr)',
    hidden: 'narrow',
  },
  {
    id: 'ip',
    title: 'IP',
    value: ({ object }) => dash(object.status.podIP),
    width: '120px',
    mono: true,
    hidden: 'narrow',
  },
  {
    id: 'qos',
    title: 'QoS',
    value: ({ object }) => object.status.qosClass ?? '',
    width: '100px',
    hidden: true,
  },
  ageColumn(),
)
