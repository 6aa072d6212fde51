// Live lists that several places share: the first user starts one, and it ends a little after the last one left.
import { type ShallowRef, shallowRef } from 'vue'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import { kindKey } from '../api/discovery.ts'
import { type LiveState, keepLive } from '../api/live-list.ts'
import { type Row, metadataSource, objectSource } from '../api/sources.ts'

export interface Wanted {
  readonly type: ResourceType<KubeObject>
  readonly namespace?: string | undefined
  /** Names, labels and owners only: for kinds of which nothing else is needed, such as secrets. */
  readonly metadataOnly?: boolean
}

export interface Shared {
  readonly objects: ShallowRef<readonly KubeObject[]>
  readonly state: ShallowRef<LiveState>
}

interface Entry extends Shared {
  users: number
  readonly stop: AbortController
  ending: ReturnType<typeof setTimeout> | undefined
}

/** Long enough to go from one place to the next without listing again. */
const LINGER_MS = 10_000

const entries = new Map<string, Entry>()
const keyOf = ({ type, namespace = '', metadataOnly = false }: Wanted) =>
  `${kindKey(type)}|${namespace}|${String(metadataOnly)}`

function start({ type, namespace, metadataOnly }: Wanted): Entry {
  const entry: Entry = {
    objects: shallowRef([]),
    state: shallowRef('loading'),
    users: 0,
    stop: new AbortController(),
    ending: undefined,
  }
  const source = metadataOnly
    ? metadataSource(connection.metadata, type, { namespace })
    : objectSource(connection.client, type, { namespace })
  void keepLive<Row<KubeObject>>(
    source,
    {
      onRows: rows => (entry.objects.value = rows.map(({ object }) => object)),
      onState: state => (entry.state.value = state),
    },
    entry.stop.signal,
  )
  return entry
}

/** Every call is answered by one `release`. */
export function acquire(wanted: Wanted): Shared {
  const key = keyOf(wanted)
  let entry = entries.get(key)
  if (!entry) entries.set(key, (entry = start(wanted)))
  clearTimeout(entry.ending)
  entry.users++
  return entry
}

export function release(wanted: Wanted): void {
  const key = keyOf(wanted)
  const entry = entries.get(key)
  if (!entry || --entry.users > 0) return
  entry.ending = setTimeout(() => {
    entry.stop.abort()
    entries.delete(key)
  }, LINGER_MS)
}
