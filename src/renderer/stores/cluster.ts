// What the cluster serves, found once after login and again on demand.
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { connection } from '../api/connection.ts'
import { type ServedKind, discover, kindKey } from '../api/discovery.ts'

interface VersionInfo {
  readonly gitVersion: string
}

export const useClusterStore = defineStore('cluster', () => {
  const kinds = shallowRef<readonly ServedKind[]>([])
  const version = shallowRef('')
  const error = shallowRef<unknown>()
  const byKey = computed(() => new Map(kinds.value.map(kind => [kindKey(kind.type), kind])))

  async function refresh(): Promise<void> {
    try {
      const [served, about] = await Promise.all([
        discover(connection.client),
        connection.client.raw('GET', '/version') as Promise<VersionInfo>,
      ])
      kinds.value = served
      version.value = about.gitVersion
      error.value = undefined
    } catch (failure) {
      error.value = failure
    }
  }

  /** By URL parts, or undefined when the server does not serve it. */
  const find = (group: string, version: string, plural: string) => byKey.value.get(kindKey({ group, version, plural }))

  return { kinds, version, error, refresh, find }
})
