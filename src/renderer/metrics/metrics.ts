// What nodes and pods use, alone, together and by namespace, read from metrics.k8s.io every 15 seconds and kept for hours in this
// window. What was used in the hours before it opened, a Flotilla server tells.
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { NodeUsage, PodUsage } from '../../shared/api/flotilla/usage-v1.ts'
import { NodeMetrics, PodMetrics } from '../../shared/machinery/metrics-types.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { LabelMatcher } from '../../shared/machinery/selectors.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import type { Usage } from '../../shared/machinery/usage-series.ts'
import { connection } from '../api/connection.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { groupBy } from '../../shared/machinery/group-by.ts'
import { type Moment, NONE, type UsedPod, momentOf, momentsBefore, namespacesOf, plus, together } from './moments.ts'
import { UsageHistory } from './series.ts'

const EVERY_MS = 15_000
/** While nobody looks, the line gets coarser rather than the machine busier. */
const HIDDEN_EVERY_MS = 60_000

export type UsageKind = 'pods' | 'nodes' | 'namespaces'

export const useMetricsStore = defineStore('metrics', () => {
  const cluster = useClusterStore()
  const serves = ({ group, version, plural }: Pick<ResourceType<unknown>, 'group' | 'version' | 'plural'>) =>
    cluster.find(group, version, plural) !== undefined
  const isServed = computed(() => serves(PodMetrics))
  const series = { pods: new UsageHistory(), nodes: new UsageHistory(), namespaces: new UsageHistory() }
  /** Moves with every reading: whoever shows numbers depends on it. */
  const readAt = shallowRef(0)
  /** What the user of this window may not read. */
  const refused = shallowRef<ReadonlySet<UsageKind>>(new Set())
  /** Those that run, by their namespace. */
  let running: ReadonlyMap<string, readonly UsedPod[]> = new Map()
  let timer: ReturnType<typeof setTimeout> | undefined
  let before: Promise<void> | undefined

  /** @param which those that could be read */
  function add(at: number, { nodes, pods }: Moment, which = { nodes: true, pods: true }): void {
    if (which.nodes) series.nodes.add(at, nodes)
    if (!which.pods) return
    series.pods.add(
      at,
      pods.map(({ key, usage }) => [key, usage]),
    )
    series.namespaces.add(at, namespacesOf(pods))
  }

  /** Once, ahead of the first reading. */
  async function readBefore(): Promise<void> {
    if (!serves(PodUsage)) return
    const {
      items: [nodes, pods],
    } = await both(NodeUsage, PodUsage)
    for (const [at, moment] of momentsBefore(nodes ?? [], pods ?? [])) add(at, moment)
  }
  async function read(): Promise<void> {
    await (before ??= readBefore())
    const {
      items: [nodes, pods],
      isRefused: [noNodes, noPods],
    } = await both(NodeMetrics, PodMetrics)
    const now = Date.now()
    const moment = momentOf(nodes ?? [], pods ?? [])
    if (pods) running = groupBy(moment.pods, ({ namespace }) => namespace)
    add(now, moment, { nodes: nodes !== undefined, pods: pods !== undefined })
    refused.value = new Set([
      ...(noNodes ? (['nodes'] as const) : []),
      ...(noPods ? (['pods', 'namespaces'] as const) : []),
    ])
    readAt.value = now
  }
  function schedule(delayMs: number) {
    clearTimeout(timer)
    timer = setTimeout(() => {
      void read().finally(() => isServed.value && schedule(document.hidden ? HIDDEN_EVERY_MS : EVERY_MS))
    }, delayMs)
  }
  watch(isServed, served => (served ? schedule(0) : clearTimeout(timer)), { immediate: true })

  /** Reactive: a component that calls these is drawn again after each reading. */
  function latest(kind: UsageKind, keys: readonly string[]): Usage | undefined {
    const found = readAt.value ? keys.flatMap(key => series[kind].latest(key) ?? []) : []
    return found.length ? found.reduce(plus, NONE) : undefined
  }
  const samples = (kind: UsageKind, keys: readonly string[], atMost?: number) =>
    readAt.value ? together(keys.map(key => series[kind].samples(key, atMost))) : []
  /** Keys of the pods that are measured. */
  const podsMatching = (namespace: string, selector: LabelMatcher): string[] =>
    readAt.value
      ? (running.get(namespace) ?? []).filter(({ labels }) => selector.matches(labels)).map(({ key }) => key)
      : []

  return { isServed, readAt, refused, latest, samples, podsMatching }
})

const isRefusal = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' && result.reason instanceof ApiError && result.reason.code === 403

/** @returns the items of each; undefined: that one may not, or cannot, be read */
async function both<A extends KubeObject, B extends KubeObject>(
  a: ResourceType<A>,
  b: ResourceType<B>,
): Promise<{ items: [A[] | undefined, B[] | undefined]; isRefused: [boolean, boolean] }> {
  const [first, second] = await Promise.allSettled([connection.client.list(a), connection.client.list(b)])
  return {
    items: [
      first.status === 'fulfilled' ? [...first.value.items] : undefined,
      second.status === 'fulfilled' ? [...second.value.items] : undefined,
    ],
    isRefused: [isRefusal(first), isRefusal(second)],
  }
}
