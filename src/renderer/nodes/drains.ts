// Drains under way: cordon, then evict pod by pod as their budgets allow. They go on while the user looks elsewhere.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { messageOf } from '../../shared/machinery/message-of.ts'
import { Node, Pod } from '../../shared/api/core/v1.ts'
import { ApiError, isNamespaceTerminating } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import { useToastStore } from '../stores/toasts.ts'
import { t } from '../i18n/i18n.ts'

export type EvictionState = 'waiting' | 'blocked' | 'leaving' | 'gone' | 'failed'

export interface Eviction {
  readonly key: string
  readonly state: EvictionState
  readonly message: string
}

export interface Drain {
  readonly evictions: readonly Eviction[]
  readonly isRunning: boolean
}

const AT_ONCE = 4
/** Between tries while a budget forbids the eviction, and between looks whether a pod has gone. */
const RETRY_MS = 2_000

const pause = (delayMs: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

const keyOf = ({ metadata: { namespace, name } }: Pod) => `${namespace}/${name}`

export const useDrainStore = defineStore('drains', () => {
  const drains = shallowRef<ReadonlyMap<string, Drain>>(new Map())
  /** The node whose drain is asked for or looked at. */
  const shown = ref<string>()
  const stops = new Map<string, AbortController>()

  const set = (node: string, drain: Drain) => (drains.value = new Map([...drains.value, [node, drain]]))
  function note(node: string, key: string, state: EvictionState, message = '') {
    const drain = drains.value.get(node)
    if (!drain) return
    const evictions = drain.evictions.map(each => (each.key === key ? { key, state, message } : each))
    set(node, { ...drain, evictions })
  }

  /** @returns false when the server refuses for good */
  async function evict(node: string, pod: Pod, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, uid } = pod.metadata
    const key = keyOf(pod)
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid } },
    }
    /** Another pod of the same name is not this one. */
    const isGone = async () => {
      const now = await connection.client.get(Pod, { namespace, name }, { signal }).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 404) return undefined
        throw error
      })
      return now?.metadata.uid !== uid
    }
    let isLeaving = false
    while (!signal.aborted)
      try {
        if (isLeaving) {
          if (await isGone()) break
        } else {
          await connection.client.createSubresource(Pod, { namespace, name }, 'eviction', body)
          isLeaving = true
          note(node, key, 'leaving')
        }
        await pause(RETRY_MS, signal)
      } catch (error) {
        // What a 404 is about is not said: the pod, or evictions, which somebody in between may not let through. A 409
        // is about another pod of its name, or a write that met another one.
        const isUnclear = error instanceof ApiError && (error.code === 404 || error.code === 409)
        if (isUnclear && (await isGone().catch(() => false))) break
        // It leaves with its namespace, in which nothing is created any more, evictions neither.
        if (isNamespaceTerminating(error) && !isLeaving) {
          isLeaving = true
          note(node, key, 'leaving')
          await pause(RETRY_MS, signal)
          continue
        }
        const message = messageOf(error)
        const isFinal = error instanceof ApiError && error.code < 500 && error.code !== 429 && error.code !== 409
        note(node, key, isFinal ? 'failed' : isLeaving ? 'leaving' : 'blocked', message)
        if (isFinal) return false
        await pause(RETRY_MS, signal)
      }
    if (!signal.aborted) note(node, key, 'gone')
    return true
  }

  /** Marks the node unschedulable and evicts the given pods; resolves when all have gone or it was stopped. */
  async function start(node: string, pods: readonly Pod[]): Promise<void> {
    const stop = new AbortController()
    stops.get(node)?.abort()
    stops.set(node, stop)
    set(node, { isRunning: true, evictions: pods.map(pod => ({ key: keyOf(pod), state: 'waiting', message: '' })) })
    const toasts = useToastStore()
    try {
      await connection.client.patch(Node, { name: node }, { spec: { unschedulable: true } }, { type: 'merge' })
      const queue = [...pods]
      let refused = 0
      const worker = async () => {
        for (let pod = queue.shift(); pod && !stop.signal.aborted; pod = queue.shift())
          if (!(await evict(node, pod, stop.signal))) refused++
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      if (!stop.signal.aborted)
        toasts.done(
          refused
            ? t('{node} is drained but for {n} pod | {node} is drained but for {n} pods', { node, n: refused })
            : t('{node} is drained', { node }),
        )
    } catch (error) {
      toasts.failed(t('{node} was not drained', { node }), error)
    } finally {
      const drain = drains.value.get(node)
      if (drain && stops.get(node) === stop) set(node, { ...drain, isRunning: false })
    }
  }
  const stop = (node: string) => stops.get(node)?.abort()
  function forget(node: string) {
    stop(node)
    drains.value = new Map([...drains.value].filter(([name]) => name !== node))
  }

  return { drains, shown, start, stop, forget }
})
