// The names that the palette searches: read when somebody begins to type, forgotten when it is closed.
import { type ShallowRef, onScopeDispose, shallowRef, watch } from 'vue'
import { connection } from '../api/connection.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { type NamedObject, readNames, searchable } from './object-names.ts'

/** @param wanted while names are needed */
export function useObjectNames(wanted: () => boolean): ShallowRef<readonly NamedObject[]> {
  const names = shallowRef<readonly NamedObject[]>([])
  const cluster = useClusterStore()
  let stop: AbortController | undefined
  const end = () => stop?.abort()
  // Kinds may become known while somebody types: right after a start, or with a definition.
  watch(
    () => (wanted() ? cluster.kinds : undefined),
    kinds => {
      end()
      names.value = []
      if (!kinds) return
      const { signal } = (stop = new AbortController())
      const add = (page: readonly NamedObject[]) => (names.value = names.value.concat(page))
      void readNames(connection.metadata, searchable(kinds), add, signal)
    },
  )
  onScopeDispose(end)
  return names
}
