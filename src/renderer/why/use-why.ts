// The answer to "Why?" for one object, live while the component lives.
import { type ComputedRef, computed, watch } from 'vue'
import { useNow } from '../composables/use-now.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { useWorld } from '../world/use-world.ts'
import { type ObjectRef, refId } from '../world/world.ts'
import type { Cause } from './cause.ts'
import { useLastLines } from './last-lines.ts'
import { kindsOfWhy, why } from './why.ts'

/** @param ref undefined = nothing is asked, and nothing is listed */
export function useWhy(ref: () => ObjectRef | undefined): ComputedRef<Cause | undefined> {
  const cluster = useClusterStore()
  const now = useNow()
  const { world } = useWorld(() => {
    const about = ref()
    if (!about) return []
    return kindsOfWhy(about.namespace).filter(({ type }) => cluster.find(type.group, type.version, type.plural))
  })
  // Ages in the answer need no more than a minute's precision; so it is not made anew each second.
  const minute = computed(() => Math.floor(now.value / 60_000) * 60_000)
  let linesOf = useLastLines()
  watch(
    () => {
      const about = ref()
      return about && refId(about)
    },
    () => (linesOf = useLastLines()),
    { flush: 'sync' },
  )
  return computed(() => {
    const about = ref()
    return about && why(world.value, about, minute.value, (log, run) => linesOf(log, run))
  })
}
