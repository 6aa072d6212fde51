// What the cluster serves: found after login, and again whenever it may have changed.
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { Host } from '../../shared/api/flotilla/v1.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import { type ServedKind, discover, kindKey } from '../api/discovery.ts'

interface VersionInfo {
  readonly gitVersion: string
}

export const useClusterStore = defineStore('cluster', () => {
  const kinds = shallowRef<readonly ServedKind[]>([])
  const version = shallowRef('')
  const error = shallowRef<unknown>()
  /** Names of the APIServices that lead to other servers. Who may not look knows of none. */
  const aggregated = shallowRef<ReadonlySet<string>>(new Set())
  const byKey = computed(() => new Map(kinds.value.map(kind => [kindKey(kind.type), kind])))

  let asked = 0
  let newest: Promise<void> | undefined
  /** What was known stays while the server cannot be asked. Whoever is overtaken waits for what the newer one finds. */
  const refresh = (): Promise<void> => (newest = ask(++asked))
  async function ask(turn: number): Promise<void> {
    try {
      const [served, about] = await Promise.all([
        discover(connection.discovery, kinds.value),
        connection.client.raw('GET', '/version') as Promise<VersionInfo>,
      ])
      if (turn !== asked) return newest
      kinds.value = served
      version.value = about.gitVersion
      error.value = undefined
    } catch (failure) {
      if (turn !== asked) return newest
      error.value = failure
    }
  }

  /** By URL parts, or undefined when the server does not serve it. */
  const find = (group: string, version: string, plural: string) => byKey.value.get(kindKey({ group, version, plural }))

  /** Not another Kubernetes: it has hosts, a history, and controllers of its own. */
  const isOurs = computed(() => find(Host.group, Host.version, Host.plural) !== undefined)

  /** Another server has its objects. */
  const isAggregated = ({ group, version }: Pick<ResourceType<unknown>, 'group' | 'version'>): boolean =>
    aggregated.value.has(`${version}.${group}`)

  return { kinds, byKey, version, error, isOurs, aggregated, refresh, find, isAggregated }
})
