// The answer to "Why?" for one object, live while the component lives.
import { type ComputedRef, computed } from 'vue'
import { Pod } from '../../shared/api/core/v1.ts'
import { useNow } from '../composables/use-now.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { useWorld } from '../world/use-world.ts'
import type { ObjectRef } from '../world/world.ts'
import type { Cause } from './cause.ts'
import { kindsOfWhy, why } from './why.ts'

/** @param ref undefined = nothing is asked, and nothing is listed */
export function useWhy(ref: () => ObjectRef | undefined): ComputedRef<Cause | undefined> {
  const cluster = useClusterStore()
  const now = useNow()
  const { world } = useWorld(() => {
    const about = ref()
    if (!about) return []
    // Room on the nodes counts the pods of all namespaces; who may not list them gets by with the others.
    const wanted = [...kindsOfWhy(about.namespace), { type: Pod }]
    return wanted.filter(({ type }) => cluster.find(type.group, type.version, type.plural))
  })
  // Ages in the answer need no more than a minute's precision; so it is not made anew each second.
  const minute = computed(() => Math.floor(now.value / 60_000) * 60_000)
  return computed(() => {
    const about = ref()
    return about && why(world.value, about, minute.value)
  })
}
