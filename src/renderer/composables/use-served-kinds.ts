// Asks anew what the server serves, as soon as that may be something else: definitions and APIServices come and go, the
// server was away, a list says that its kind is not served. Who may not watch definitions asks when the window is looked at.
import { useDebounceFn, useEventListener, whenever } from '@vueuse/core'
import { onScopeDispose, watch } from 'vue'
import { CustomResourceDefinition } from '../../shared/api/apiextensions/v1.ts'
import { APIService } from '../../shared/api/apiregistration/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { UNSERVED } from '../api/live-pool.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { type LiveList, useMetadataList, useResourceList } from './use-resource-list.ts'

/** A chart brings many definitions at once. */
const SETTLE_MS = 300
const LONGEST_MS = 2_000
/** A definition is there before it is served, an aggregated API before it answers. */
const AGAIN_MS = 3_000
const FOCUS_MS = 10_000

/** Asked again, it would say the same. */
const isRefusal = (error: unknown) => error instanceof ApiError && (error.code === 401 || error.code === 403)

/** Until the scope ends. */
export function useServedKinds(): void {
  const cluster = useClusterStore()
  let again: ReturnType<typeof setTimeout> | undefined
  let askedAt = performance.now()
  const ask = () => {
    askedAt = performance.now()
    return cluster.refresh()
  }
  const askSoon = useDebounceFn(ask, SETTLE_MS, { maxWait: LONGEST_MS })
  const mayHaveChanged = () => {
    void askSoon()
    clearTimeout(again)
    again = setTimeout(() => void ask(), AGAIN_MS)
  }
  onScopeDispose(() => clearTimeout(again))

  const definitions = useMetadataList(CustomResourceDefinition)
  const services = useResourceList(APIService)
  const lists: readonly LiveList<KubeObject>[] = [definitions, services]
  watch(
    services.rows,
    rows => (cluster.aggregated = new Set(rows.filter(({ object }) => object.spec.service).map(({ name }) => name))),
    { immediate: true },
  )
  /** Made after the server was asked and before definitions were listed. */
  const isMissing = (name: string) => !cluster.kinds.some(({ type }) => name === `${type.plural}.${type.group}`)
  whenever(
    () => definitions.state.value === 'live' && cluster.kinds.length > 0,
    () => definitions.rows.value.some(({ name }) => isMissing(name)) && mayHaveChanged(),
    { once: true },
  )
  for (const { rows, state } of lists) {
    let isFirst = true
    watch(rows, () => {
      if (!isFirst) mayHaveChanged()
      isFirst = false
    })
    // A server that was away may have come back as a newer one.
    watch(state, (is, was) => is === 'live' && was === 'disconnected' && mayHaveChanged())
  }

  // Nothing is known yet of a cluster that starts, or was away when the window was opened: it is asked until it answers.
  watch(
    () => cluster.error,
    error => {
      if (error === undefined || cluster.kinds.length > 0 || isRefusal(error)) return
      clearTimeout(again)
      again = setTimeout(() => void ask(), AGAIN_MS)
    },
    { immediate: true },
  )

  const look = () => {
    const isBlind = lists.some(({ state }) => state.value !== 'live')
    if (isBlind && !document.hidden && performance.now() - askedAt > FOCUS_MS) void ask()
  }
  useEventListener(window, 'focus', look)
  useEventListener(document, 'visibilitychange', look)
  useEventListener(window, UNSERVED, event => {
    const key = (event as CustomEvent<string>).detail
    if (cluster.byKey.has(key)) mayHaveChanged()
  })
}
