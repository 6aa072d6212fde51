// Rows of what owns pods, told by them while one is not well. Their pods are looked at only then.
import { type ComputedRef, type MaybeRefOrGetter, computed, toValue } from 'vue'
import { Event, Pod } from '../../shared/api/core/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { Row } from '../api/sources.ts'
import { statusOf } from '../kinds/known.ts'
import { REFUSALS, WorstPods, isAboutPods } from '../status/pods-below.ts'
import type { StatusView } from '../status/tone.ts'
import { useWorld } from './use-world.ts'
import { WORKLOADS } from './workloads.ts'

const OWNERS = new Set<string>(WORKLOADS.map(({ kind }) => kind))

const isSame = (a: StatusView, b: StatusView) => a.tone === b.tone && a.text === b.text && a.reason === b.reason

/** @param namespace of all rows; undefined = any */
export function useRowsWithPods(
  type: () => ResourceType<KubeObject>,
  rows: MaybeRefOrGetter<readonly Row[]>,
  namespace: MaybeRefOrGetter<string | undefined>,
): ComputedRef<readonly Row[]> {
  const isLate = ({ object }: Row) => {
    const own = statusOf(type() as ResourceType<AnyObject>, object)
    return own !== undefined && isAboutPods(own)
  }
  const { world } = useWorld(() =>
    OWNERS.has(type().kind) && toValue(rows).some(isLate)
      ? [{ type: Pod }, REFUSALS].map(each => ({ ...each, namespace: toValue(namespace) }))
      : [],
  )
  const worstPods = computed(() => new WorstPods(world.value.all(Pod), world.value.all(Event)))
  // A row that says the same stays the same object: it is not drawn, sorted and searched anew.
  const told = new WeakMap<Row, Row>()
  return computed(() => {
    const given = toValue(rows)
    if (!world.value.knows(Pod)) return given
    return given.map(row => {
      const worst = worstPods.value.below(type(), row.object)
      if (!worst) return row
      const last = told.get(row)
      if (last?.worst && isSame(last.worst, worst)) return last
      const next = { ...row, worst }
      told.set(row, next)
      return next
    })
  })
}
