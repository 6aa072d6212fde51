// The kinds a component needs, live and together; a new World at most a few times a second however much changes.
import { type ComputedRef, type ShallowRef, computed, onScopeDispose, shallowRef, watch } from 'vue'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { LiveState } from '../api/live-list.ts'
import { type Live, type Wanted, acquire, keyOf, release } from '../api/live-pool.ts'
import { World } from './world.ts'

export interface LiveWorld {
  readonly world: ShallowRef<World>
  /** Of what the world was built from: `live` when every list that may be read is, `forbidden` only when none may be. */
  readonly state: ComputedRef<LiveState>
  /** Plurals of the kinds that this user may not list. */
  readonly forbidden: ComputedRef<readonly string[]>
}

const REBUILD_MS = 200

/** @param wanted compared by content, so it may build a new array each time */
export function useWorld(wanted: () => readonly Wanted[]): LiveWorld {
  const world = shallowRef(new World([]))
  const lists = shallowRef<readonly (Wanted & { list: Live<KubeObject> })[]>([])
  const states = shallowRef<readonly LiveState[]>(['loading'])
  let timer: ReturnType<typeof setTimeout> | undefined
  let builtAt = 0

  function build() {
    timer = undefined
    builtAt = performance.now()
    states.value = lists.value.map(({ list }) => list.state.value)
    world.value = new World(
      lists.value
        .filter(({ list }) => list.state.value === 'live' || list.objects.value.length > 0)
        .map(({ type, list }) => ({ type, objects: list.objects.value })),
    )
  }
  const letGo = () => lists.value.forEach(release)

  watch(
    () => JSON.stringify(wanted().map(keyOf)),
    () => {
      const next = wanted().map(each => ({ ...each, list: acquire(each) }))
      letGo()
      lists.value = next
    },
    { immediate: true },
  )
  watch(
    () => lists.value.map(({ list }) => [list.objects.value, list.state.value]),
    () => {
      timer ??= setTimeout(build, Math.max(0, REBUILD_MS - (performance.now() - builtAt)))
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    letGo()
  })

  const state = computed<LiveState>(() => {
    const readable = states.value.filter(each => each !== 'forbidden' && each !== 'failed')
    if (states.value.length > 0 && readable.length === 0) return 'forbidden'
    return readable.find(each => each === 'disconnected') ?? readable.find(each => each === 'loading') ?? 'live'
  })
  const forbidden = computed(() =>
    lists.value.filter(({ list }) => list.state.value === 'forbidden').map(({ type }) => type.plural),
  )
  return { world, state, forbidden }
}
