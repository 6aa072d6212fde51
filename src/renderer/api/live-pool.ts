// Live lists that several places share: the first user starts one, and it ends with the last one, or a little later.
import { type ComputedRef, type ShallowRef, computed, shallowRef } from 'vue'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { ApiError } from '../../shared/machinery/status.ts'
import { connection } from './connection.ts'
import { kindKey } from './discovery.ts'
import { type LiveSource, type LiveState, keepLive } from './live-list.ts'
import { type Row, type Selection, metadataSource, objectSource } from './sources.ts'

export interface Wanted extends Selection {
  readonly type: ResourceType<KubeObject>
  /** Names, labels and owners only: for kinds of which nothing else is needed, such as secrets. */
  readonly metadataOnly?: boolean
}

export interface Live<T extends KubeObject> {
  readonly rows: ShallowRef<readonly Row<T>[]>
  readonly objects: ComputedRef<readonly T[]>
  readonly state: ShallowRef<LiveState>
  readonly error: ShallowRef<ApiError | undefined>
  /** Milliseconds since the epoch of the last moment at which the rows were known to be current; undefined: never. */
  readonly currentAt: ShallowRef<number | undefined>
}

interface Entry extends Live<KubeObject> {
  users: number
  readonly stop: AbortController
  ending: ReturnType<typeof setTimeout> | undefined
}

/** Told on `window`, with its kindKey as `detail`, when the server does not know a kind that was to be listed. */
export const UNSERVED = 'flotilla:unserved'

/** Long enough to go from one place to the next without listing again. */
const LINGER_MS = 10_000

const entries = new Map<string, Entry>()
export const keyOf = ({ type, namespace, labelSelector, fieldSelector, metadataOnly = false }: Wanted): string =>
  JSON.stringify([kindKey(type), namespace ?? '', labelSelector ?? '', fieldSelector ?? '', metadataOnly])

/** A list of `type` that is kept live until `signal` aborts. */
export function startLive<T extends KubeObject>(
  type: ResourceType<T>,
  source: LiveSource<Row<T>>,
  signal: AbortSignal,
): Live<T> {
  const rows = shallowRef<readonly Row<T>[]>([])
  const state = shallowRef<LiveState>('loading')
  const error = shallowRef<ApiError>()
  const currentAt = shallowRef<number>()
  void keepLive(
    source,
    {
      onRows: next => (rows.value = next),
      onState(next, failure) {
        if (state.value === 'live' && next !== 'live') currentAt.value = Date.now()
        state.value = next
        error.value = failure
        if (failure?.code === 404) window.dispatchEvent(new CustomEvent(UNSERVED, { detail: kindKey(type) }))
      },
    },
    signal,
  )
  return { rows, objects: computed(() => rows.value.map(({ object }) => object)), state, error, currentAt }
}

function start({ type, metadataOnly, namespace, labelSelector, fieldSelector }: Wanted): Entry {
  const selection = { namespace, labelSelector, fieldSelector }
  const stop = new AbortController()
  const source = metadataOnly
    ? metadataSource(connection.metadata, type, selection)
    : objectSource(connection.client, type, selection)
  return { ...startLive(type, source, stop.signal), users: 0, stop, ending: undefined }
}

/** Every call is answered by one `release` of the same. */
export function acquire<T extends KubeObject>(wanted: Wanted & { readonly type: ResourceType<T> }): Live<T> {
  const key = keyOf(wanted)
  let entry = entries.get(key)
  if (!entry) entries.set(key, (entry = start(wanted)))
  clearTimeout(entry.ending)
  entry.users++
  return entry as unknown as Live<T>
}

export function release(wanted: Wanted): void {
  const key = keyOf(wanted)
  const entry = entries.get(key)
  if (!entry || --entry.users > 0) return
  const end = () => {
    entry.stop.abort()
    entries.delete(key)
  }
  // A selection belongs to one place, such as the events of an open drawer.
  if (wanted.labelSelector || wanted.fieldSelector) end()
  else entry.ending = setTimeout(end, LINGER_MS)
}
