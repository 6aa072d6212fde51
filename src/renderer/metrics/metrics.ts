// What nodes, pods and all pods of a namespace use, read from metrics.k8s.io every 15 seconds and kept for hours in this
// window.
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { NodeMetrics, PodMetrics, type Usage as Amounts } from '../../shared/machinery/metrics-types.ts'
import { rowKey } from '../api/sources.ts'
import { connection } from '../api/connection.ts'
import { parseQuantity } from '../kinds/quantity.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { type Usage, UsageHistory } from './series.ts'

const EVERY_MS = 15_000
/** While nobody looks, the line gets coarser rather than the machine busier. */
const HIDDEN_EVERY_MS = 60_000

const toUsage = ({ cpu, memory }: Amounts): Usage => ({ cpu: parseQuantity(cpu), memory: parseQuantity(memory) })
export type UsageKind = 'pods' | 'nodes' | 'namespaces'

const sum = (usages: readonly Usage[]): Usage =>
  usages.reduce((a, b) => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory }), { cpu: 0, memory: 0 })

export const useMetricsStore = defineStore('metrics', () => {
  const cluster = useClusterStore()
  const isServed = computed(() => cluster.find(PodMetrics.group, PodMetrics.version, PodMetrics.plural) !== undefined)
  const series = { pods: new UsageHistory(), nodes: new UsageHistory(), namespaces: new UsageHistory() }
  /** Moves with every reading: whoever shows numbers depends on it. */
  const readAt = shallowRef(0)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function read(): Promise<void> {
    const [nodes, pods] = await Promise.allSettled([
      connection.client.list(NodeMetrics),
      connection.client.list(PodMetrics),
    ])
    const now = Date.now()
    if (nodes.status === 'fulfilled')
      series.nodes.add(
        now,
        nodes.value.items.map(({ metadata, usage }) => [metadata.name, toUsage(usage)]),
      )
    if (pods.status === 'fulfilled') {
      const used = pods.value.items.map(({ metadata: { name, namespace }, containers }) => ({
        key: rowKey(namespace, name),
        namespace,
        usage: sum(containers.map(({ usage }) => toUsage(usage))),
      }))
      series.pods.add(
        now,
        used.map(({ key, usage }) => [key, usage]),
      )
      const byNamespace = new Map<string, Usage[]>()
      for (const { namespace, usage } of used) {
        const those = byNamespace.get(namespace)
        if (those) those.push(usage)
        else byNamespace.set(namespace, [usage])
      }
      series.namespaces.add(
        now,
        [...byNamespace].map(([namespace, usages]) => [namespace, sum(usages)]),
      )
    }
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
  const latest = (kind: UsageKind, key: string) => (readAt.value ? series[kind].latest(key) : undefined)
  const samples = (kind: UsageKind, key: string, atMost?: number) =>
    readAt.value ? series[kind].samples(key, atMost) : []

  return { isServed, readAt, latest, samples }
})
