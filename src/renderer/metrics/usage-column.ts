// Columns of use, for pods and nodes.
import { h } from 'vue'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceColumn } from '../kinds/column.ts'
import type { Amounts } from '../world/room.ts'
import { useMetricsStore } from './metrics.ts'
import { UsageCell } from './usage-cell.ts'
import { m } from '../i18n/i18n.ts'

const LEAST = { pods: { cpu: 84, memory: 104 }, nodes: { cpu: 132, memory: 156 } }
/** Px in which a line and the longest amount find room. */
const ROOM = { cpu: 68, memory: 88 }

export const usageColumn = <T extends KubeObject>(
  kind: 'pods' | 'nodes',
  resource: 'cpu' | 'memory',
  limitOf: (object: T) => Amounts,
): ResourceColumn<T> => ({
  id: `${resource}-use`,
  title: resource === 'cpu' ? 'CPU' : m('Memory'),
  value: row => useMetricsStore().latest(kind, row.key)?.[resource] ?? -1,
  cell: row => h(UsageCell, { kind, id: row.key, resource, limit: limitOf(row.object)[resource] }),
  fits: (_row, room) => room >= ROOM[resource],
  least: LEAST[kind][resource],
  isMoving: true,
  when: () => useMetricsStore().isServed,
})
