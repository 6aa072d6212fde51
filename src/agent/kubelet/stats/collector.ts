// What the containers of this node's pods use right now, and how fast.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { ContainerDetail, ContainerRuntime, ContainerStats } from '../runtime/contract.ts'
import { type NetworkReading, podInterface } from './interfaces.ts'

export interface ContainerReading {
  readonly pod: Pod
  readonly name: string
  readonly id: string
  readonly pid: number
  readonly startedAt: string
  readonly stats: ContainerStats
}

export interface Snapshot {
  /** Milliseconds since the epoch, when the containers' counters were read. */
  readonly atMs: number
  readonly containers: readonly ContainerReading[]
  /** By pod uid; pods on the node's own network have none. */
  readonly networks: ReadonlyMap<string, NetworkReading>
}

interface Sample {
  readonly at: number
  readonly cpuNanoseconds: number
}

/** Everybody who asks within this time, about the same pods, gets the same readings. */
const FRESH_MS = 1_000
const MAX_SAMPLES = 2_000

export class StatsCollector {
  readonly #runtime: ContainerRuntime
  readonly #pods: () => readonly Pod[]
  readonly #clock: Clock
  /** The last reading of each container and of the node: a rate needs two. */
  readonly #samples = new Map<string, Sample>()
  #last: { readonly at: number; readonly of: string; readonly snapshot: Promise<Snapshot> } | undefined

  constructor(runtime: ContainerRuntime, pods: () => readonly Pod[], clock: Clock) {
    this.#runtime = runtime
    this.#pods = pods
    this.#clock = clock
  }

  snapshot(): Promise<Snapshot> {
    const now = this.#clock.monotonic()
    const of = this.#pods()
      .map(({ metadata }) => metadata.uid)
      .join()
    if (this.#last?.of === of && now - this.#last.at < FRESH_MS) return this.#last.snapshot
    const snapshot = this.#read()
    this.#last = { at: now, of, snapshot }
    return snapshot
  }

  async #read(): Promise<Snapshot> {
    const byUid = new Map((await this.#runtime.pods()).map(pod => [pod.uid, pod]))
    const running = this.#pods().flatMap(pod =>
      (byUid.get(pod.metadata.uid)?.containers ?? [])
        .filter(({ state }) => state === 'running')
        .map(container => ({ pod, container })),
    )
    const atMs = this.#clock.now()
    const found = await Promise.all(
      running.map(async ({ pod, container: { id, name, startedAt = '', pid } }) => {
        const stats = await this.#runtime.stats({ id, pid }).catch(() => undefined) // ended meanwhile
        return stats && { pod, name, id, pid, startedAt, stats }
      }),
    )
    const networks = new Map<string, NetworkReading>()
    for (const { spec, metadata } of this.#pods()) {
      const sandbox = byUid.get(metadata.uid)?.sandboxes[0]
      const network = spec.hostNetwork || !sandbox?.pid ? undefined : await podInterface(sandbox.pid)
      if (network) networks.set(metadata.uid, network)
    }
    return { atMs, containers: found.filter(reading => reading !== undefined), networks }
  }

  /** @returns what is known of running containers beyond their snapshot, by id */
  async details({ containers }: Snapshot): Promise<ReadonlyMap<string, ContainerDetail>> {
    const found = await Promise.all(
      containers.map(async container => {
        const detail = await this.#runtime.detail(container).catch(() => undefined) // ended meanwhile
        return detail && ([container.id, detail] as const)
      }),
    )
    return new Map(found.filter(entry => entry !== undefined))
  }

  /** @returns billionths of a core since the last call for this key; undefined at the first */
  nanoCores(key: string, cpuNanoseconds: number, nowMs: number): number | undefined {
    const before = this.#samples.get(key)
    if (this.#samples.size > MAX_SAMPLES) this.#samples.clear()
    this.#samples.set(key, { at: nowMs, cpuNanoseconds })
    if (!before || nowMs <= before.at) return undefined
    return Math.max(0, Math.round(((cpuNanoseconds - before.cpuNanoseconds) * 1000) / (nowMs - before.at)))
  }
}
