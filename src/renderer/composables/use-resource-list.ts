// A list that stays live while the component lives, and starts anew when what it shows changes.
import {
  type ComputedRef,
  type MaybeRefOrGetter,
  type ShallowRef,
  computed,
  onScopeDispose,
  shallowRef,
  toValue,
  watch,
} from 'vue'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { ApiError } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import type { LiveState } from '../api/live-list.ts'
import { type Live, type Wanted, acquire, keyOf, release, startLive } from '../api/live-pool.ts'
import { type Row, type Selection, type TableColumnDefinition, tableSource } from '../api/sources.ts'

export interface LiveList<T extends KubeObject = AnyObject> {
  readonly rows: ComputedRef<readonly Row<T>[]>
  readonly state: ComputedRef<LiveState>
  readonly error: ComputedRef<ApiError | undefined>
  /** Milliseconds since the epoch of the last moment at which the rows were known to be current; undefined: never. */
  readonly currentAt: ComputedRef<number | undefined>
}

const NO_ROWS: readonly never[] = []

const listOf = <T extends KubeObject>(live: ShallowRef<Live<T> | undefined>): LiveList<T> => ({
  rows: computed(() => live.value?.rows.value ?? NO_ROWS),
  state: computed(() => live.value?.state.value ?? 'loading'),
  error: computed(() => live.value?.error.value),
  currentAt: computed(() => live.value?.currentAt.value),
})

/** @param wanted compared by content; undefined = nothing to show now */
function useShared<T extends KubeObject>(
  wanted: () => (Wanted & { readonly type: ResourceType<T> }) | undefined,
): LiveList<T> {
  const live = shallowRef<Live<T>>()
  let held: Wanted | undefined
  const letGo = () => {
    if (held) release(held)
    held = undefined
  }
  watch(
    () => {
      const current = wanted()
      return current && keyOf(current)
    },
    () => {
      const next = wanted()
      const found = next && acquire(next)
      letGo()
      held = next
      live.value = found
    },
    { immediate: true },
  )
  onScopeDispose(letGo)
  return listOf(live)
}

/** Whole objects of a kind, live. The getter's value is compared by content, so it may build a new object each time. */
export const useResourceList = <T extends KubeObject>(
  type: MaybeRefOrGetter<ResourceType<T>>,
  selection: MaybeRefOrGetter<Selection | undefined> = {},
): LiveList<T> =>
  useShared<T>(() => {
    const current = toValue(selection)
    return current && { ...current, type: toValue(type) }
  })

/** Objects of a kind without spec, data, status and annotations, live. */
export const useMetadataList = (type: ResourceType<KubeObject>, selection: Selection = {}): LiveList<KubeObject> =>
  useShared(() => ({ ...selection, type, metadataOnly: true }))

/** The same of a kind that may change; undefined = of none now. */
export const useMetadataWhere = (
  wanted: () => (Selection & { readonly type: ResourceType<KubeObject> }) | undefined,
): LiveList<KubeObject> =>
  useShared(() => {
    const current = wanted()
    return current && { ...current, metadataOnly: true }
  })

/** The server's Table of a kind, live. */
export function useTableList(
  type: MaybeRefOrGetter<ResourceType<AnyObject>>,
  selection: MaybeRefOrGetter<Selection> = {},
): LiveList & { columns: ShallowRef<readonly TableColumnDefinition[]> } {
  const columns = shallowRef<readonly TableColumnDefinition[]>([])
  const live = shallowRef<Live<AnyObject>>()
  let stop = new AbortController()
  watch(
    () => JSON.stringify([toValue(type), toValue(selection)]),
    () => {
      stop.abort()
      stop = new AbortController()
      columns.value = []
      const source = tableSource(connection.tables, toValue(type), toValue(selection), found => (columns.value = found))
      live.value = startLive(toValue(type), source, stop.signal)
    },
    { immediate: true },
  )
  onScopeDispose(() => stop.abort())
  return { ...listOf(live), columns }
}
