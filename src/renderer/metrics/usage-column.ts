// Columns of use, for pods, nodes, namespaces, and workloads by their pods.
import { h } from 'vue'
import type { LabelSelector } from '../../shared/api/meta/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { type LabelMatcher, fromLabelSelector } from '../../shared/machinery/selectors.ts'
import type { Row } from '../api/sources.ts'
import type { ResourceColumn } from '../kinds/column.ts'
import type { Amounts } from '../world/room.ts'
import { type UsageKind, useMetricsStore } from './metrics.ts'
import { UsageCell } from './usage-cell.ts'
import { m } from '../i18n/i18n.ts'

type Resource = 'cpu' | 'memory'

const LEAST = { cpu: 84, memory: 104 }
/** How full a node is stands there as well. */
const LEAST_OF_NODES = { cpu: 132, memory: 156 }
/** Px in which a line and the longest amount find room. */
const ROOM = { cpu: 68, memory: 88 }

interface What<T extends KubeObject> {
  readonly kind: UsageKind
  readonly limitOf: (object: T) => Amounts
  /** What is measured of a row. */
  readonly idsOf: (row: Row<T>) => readonly string[]
}

const columnOf = <T extends KubeObject>(resource: Resource, { kind, limitOf, idsOf }: What<T>): ResourceColumn<T> => ({
  id: `${resource}-use`,
  title: resource === 'cpu' ? 'CPU' : m('Memory'),
  value: row => useMetricsStore().latest(kind, idsOf(row))?.[resource] ?? -1,
  cell: row => h(UsageCell, { kind, ids: idsOf(row), resource, limit: limitOf(row.object)[resource] }),
  fits: (_row, room) => room >= ROOM[resource],
  least: (kind === 'nodes' ? LEAST_OF_NODES : LEAST)[resource],
  isMoving: true,
  when: () => useMetricsStore().isServed,
})

const UNLIMITED: Amounts = { cpu: 0, memory: 0 }

export const usageColumn = <T extends KubeObject>(
  kind: UsageKind,
  resource: Resource,
  limitOf: (object: T) => Amounts = () => UNLIMITED,
): ResourceColumn<T> => columnOf(resource, { kind, limitOf, idsOf: ({ key }) => [key] })

interface Selecting extends KubeObject {
  readonly spec: { readonly selector?: LabelSelector }
}
const selectors = new WeakMap<Selecting, LabelMatcher>()
function selectorOf(object: Selecting): LabelMatcher {
  const known = selectors.get(object) ?? fromLabelSelector(object.spec.selector)
  selectors.set(object, known)
  return known
}

/** Of all pods that a workload has. */
export const workloadUsageColumn = <T extends Selecting>(resource: Resource): ResourceColumn<T> => ({
  ...columnOf<T>(resource, {
    kind: 'pods',
    limitOf: () => UNLIMITED,
    idsOf: ({ object, namespace }) => useMetricsStore().podsMatching(namespace, selectorOf(object)),
  }),
  // What runs is told before what it takes.
  hidden: 'narrow',
})
