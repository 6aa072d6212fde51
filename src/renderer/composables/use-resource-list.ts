// A list that stays live while the component lives, and starts anew when what it shows changes.
import { type MaybeRefOrGetter, type ShallowRef, onScopeDispose, ref, shallowRef, toValue, watch } from 'vue'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { ApiError } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import { type LiveSource, type LiveState, keepLive } from '../api/live-list.ts'
import {
  type Row,
  type Selection,
  type TableColumnDefinition,
  metadataSource,
  objectSource,
  tableSource,
} from '../api/sources.ts'

export interface LiveList<T extends KubeObject = AnyObject> {
  readonly rows: ShallowRef<readonly Row<T>[]>
  readonly state: ShallowRef<LiveState>
  readonly error: ShallowRef<ApiError | undefined>
  /** Milliseconds since the epoch of the last moment at which the rows were known to be current. */
  readonly currentAt: ShallowRef<number>
}

/** @param source undefined = nothing to show now */
function useLive<T extends KubeObject>(source: () => LiveSource<Row<T>> | undefined): LiveList<T> {
  const rows = shallowRef<readonly Row<T>[]>([])
  const state = ref<LiveState>('loading')
  const error = shallowRef<ApiError>()
  const currentAt = ref(Date.now())
  let stop = new AbortController()

  watch(
    source,
    current => {
      stop.abort()
      stop = new AbortController()
      rows.value = []
      state.value = 'loading'
      error.value = undefined
      if (!current) return
      void keepLive(
        current,
        {
          onRows: next => (rows.value = next),
          onState(next, failure) {
            if (state.value === 'live' && next !== 'live') currentAt.value = Date.now()
            state.value = next
            error.value = failure
          },
        },
        stop.signal,
      )
    },
    { immediate: true },
  )
  onScopeDispose(() => stop.abort())
  return { rows, state, error, currentAt }
}

/** Whole objects of a kind, live. The getter's value is compared by content, so it may build a new object each time. */
export function useResourceList<T extends KubeObject>(
  type: MaybeRefOrGetter<ResourceType<T>>,
  selection: MaybeRefOrGetter<Selection | undefined> = {},
): LiveList<T> {
  const wanted = shallowRef<{ type: ResourceType<T>; selection: Selection }>()
  watch(
    () => JSON.stringify([toValue(type), toValue(selection) ?? null]),
    () => {
      const current = toValue(selection)
      wanted.value = current && { type: toValue(type), selection: current }
    },
    { immediate: true },
  )
  return useLive(() => wanted.value && objectSource(connection.client, wanted.value.type, wanted.value.selection))
}

/** The server's Table of a kind, live. */
export function useTableList(
  type: MaybeRefOrGetter<ResourceType<AnyObject>>,
  selection: MaybeRefOrGetter<Selection> = {},
): LiveList & { columns: ShallowRef<readonly TableColumnDefinition[]> } {
  const columns = shallowRef<readonly TableColumnDefinition[]>([])
  const wanted = shallowRef({ type: toValue(type), selection: toValue(selection) })
  watch(
    () => JSON.stringify([toValue(type), toValue(selection)]),
    () => {
      columns.value = []
      wanted.value = { type: toValue(type), selection: toValue(selection) }
    },
  )
  const list = useLive(() =>
    tableSource(connection.tables, wanted.value.type, wanted.value.selection, found => (columns.value = found)),
  )
  return { ...list, columns }
}

/** Objects of a kind without spec, data and status, live. */
export const useMetadataList = (type: ResourceType<KubeObject>, selection: Selection): LiveList<KubeObject> =>
  useLive(() => metadataSource(connection.metadata, type, selection))
