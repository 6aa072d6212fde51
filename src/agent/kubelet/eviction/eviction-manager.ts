// Keeps the node alive: watches what it is short of, frees disk, and ends pods one at a time until it is well again.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import { isCritical } from '../spec/critical.ts'
import type { ContainerReading } from '../stats/collector.ts'
import { type PodDiskUsage, totalBytes } from '../stats/disk-usage.ts'
import { hasStorageLimit, storageExcess } from './local-storage.ts'
import { type Candidate, rankForEviction } from './rank.ts'
import { type NodeUsage, type Observation, SIGNALS, type Thresholds, shortages } from './thresholds.ts'

export interface EvictionOptions {
  readonly thresholds: Thresholds
  readonly periodMs: number
  readonly usage: () => Promise<NodeUsage>
  /** Pods that run here and can be ended. */
  readonly pods: () => readonly Pod[]
  readonly readings: () => Promise<readonly ContainerReading[]>
  readonly diskUsage: (pod: Pod) => Promise<PodDiskUsage>
  /** Frees what nobody uses. */
  readonly reclaimDisk: () => Promise<void>
  readonly evict: (pod: Pod, message: string, graceSeconds: number) => void
  /** Told each time that something is found short. */
  readonly reclaiming: (resource: string) => void
  readonly clock: Clock
  readonly log: Log
}

/** A pressure that was seen is reported for this long after it is over, so that the node does not flap. */
const TRANSITION_MS = 300_000
/** What an evicted pod frees is waited for this long before another one goes. */
const CLEANUP_MS = 30_000

export class EvictionManager {
  readonly #options: EvictionOptions
  /** Condition → when it was last seen, monotonic. */
  readonly #seen = new Map<string, number>()
  /** Uid of a pod that still runs → when it was evicted, monotonic. */
  readonly #evicted = new Map<string, number>()

  constructor(options: EvictionOptions) {
    this.#options = options
  }

  /** Conditions of the node that hold: `MemoryPressure`, `DiskPressure`, `PIDPressure`. */
  get pressures(): ReadonlySet<string> {
    const now = this.#options.clock.monotonic()
    return new Set([...this.#seen].filter(([, at]) => now - at < TRANSITION_MS).map(([condition]) => condition))
  }

  /** Checks until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, periodMs, log } = this.#options
    while (!signal.aborted) {
      await this.check().catch((error: unknown) => log.warn({ error: String(error) }, 'pressure not checked'))
      await delay(clock, periodMs, signal).catch(() => undefined) // aborted: the loop ends
    }
  }

  async check(): Promise<void> {
    const { usage, thresholds, reclaimDisk, clock } = this.#options
    const alive = new Set(this.#options.pods().map(({ metadata }) => metadata.uid))
    for (const uid of this.#evicted.keys()) if (!alive.has(uid)) this.#evicted.delete(uid)
    if (await this.#evictForLimits()) return
    let short = shortages(thresholds, await usage())
    const [first] = short
    if (first) this.#options.reclaiming(SIGNALS[first.signal].resource)
    if (short.some(({ signal }) => SIGNALS[signal].condition === 'DiskPressure')) {
      await reclaimDisk()
      short = shortages(thresholds, await usage())
    }
    for (const { signal } of short) this.#seen.set(SIGNALS[signal].condition, clock.monotonic())
    const [worst] = short
    if (worst && !this.#isCleaningUp) await this.#evictOne(worst)
  }

  get #isCleaningUp(): boolean {
    const now = this.#options.clock.monotonic()
    return [...this.#evicted.values()].some(at => now - at < CLEANUP_MS)
  }

  get #evictable(): Pod[] {
    return this.#options.pods().filter(pod => !this.#evicted.has(pod.metadata.uid))
  }

  async #evictForLimits(): Promise<boolean> {
    let any = false
    for (const pod of this.#evictable.filter(hasStorageLimit)) {
      const message = storageExcess(pod, await this.#options.diskUsage(pod))
      if (message === undefined) continue
      this.#end(pod, message, 1)
      any = true
    }
    return any
  }

  async #evictOne(worst: Observation): Promise<void> {
    const { resource } = SIGNALS[worst.signal]
    const readings = await this.#options.readings()
    const candidates: Candidate[] = []
    for (const pod of this.#evictable.filter(pod => !isCritical(pod))) {
      const mine = readings.filter(reading => reading.pod.metadata.uid === pod.metadata.uid)
      const sum = (pick: (reading: ContainerReading) => number) => mine.reduce((all, one) => all + pick(one), 0)
      const needsDisk = resource === 'ephemeral-storage' || resource === 'inodes'
      candidates.push({
        pod,
        memoryBytes: sum(({ stats }) => stats.memoryWorkingSetBytes),
        pids: sum(({ stats }) => stats.pids),
        diskBytes: needsDisk ? totalBytes(await this.#options.diskUsage(pod)) : 0,
      })
    }
    const [victim] = rankForEviction(candidates, resource)
    if (!victim) return
    this.#end(victim.pod, messageOf(worst, resource, victim, readings), 0)
  }

  #end(pod: Pod, message: string, graceSeconds: number): void {
    this.#evicted.set(pod.metadata.uid, this.#options.clock.monotonic())
    this.#options.evict(pod, message, graceSeconds)
  }
}

const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`

function messageOf(
  { signal, available, threshold }: Observation,
  resource: string,
  { pod }: Candidate,
  readings: readonly ContainerReading[],
): string {
  const isBytes = !signal.endsWith('inodesFree') && signal !== 'pid.available'
  const show = (amount: number) => (isBytes ? kibi(amount) : String(Math.floor(amount)))
  const parts = [
    `The node was low on resource: ${resource}. Threshold quantity: ${show(threshold)}, available: ${show(available)}. `,
  ]
  if (resource === 'memory')
    for (const { name, stats } of readings.filter(reading => reading.pod.metadata.uid === pod.metadata.uid)) {
      const container = pod.spec.containers.filter(found => found.name === name)
      const request = totalOf({ containers: container }, 'requests').get('memory')
      if (stats.memoryWorkingSetBytes > (request?.value() ?? 0))
        parts.push(
          `Container ${name} was using ${kibi(stats.memoryWorkingSetBytes)}, request is ${request?.toString() ?? '0'}, has larger consumption of memory. `,
        )
    }
  return parts.join('')
}
