// What nodes and pods used over the last hours, in memory: a reading a minute from the first minute on, whether somebody
// asks or not.
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { Usage as Amounts } from '../../../shared/machinery/metrics-types.ts'
import { type Sample, type Usage, UsageSeries } from '../../../shared/machinery/usage-series.ts'
import type { Measured } from './readings.ts'

export const HISTORY_EVERY_MS = 60_000
/** Eight hours: four kilobytes a thing. */
const READINGS = 480
const MOST_NODES = 2_000
/** Those that are gone count as well, until they are as old as the oldest reading. */
const MOST_PODS = 4_000

const amount = (text = '0') => Number(parseQuantity(text).nano) / 1e9
const usageOf = (all: readonly Amounts[]): Usage => ({
  cpu: all.reduce((sum, { cpu }) => sum + amount(cpu), 0),
  memory: all.reduce((sum, { memory }) => sum + amount(memory), 0),
})

/** A node speaks for its own pods only, whatever names it gives them. */
const podKey = (node: string, pod: string) => `${node} ${pod}`

export class UsageHistory {
  readonly #nodes = new UsageSeries(READINGS, MOST_NODES)
  readonly #pods = new UsageSeries(READINGS, MOST_PODS)

  /** @param measured by node */
  add(atMs: number, measured: ReadonlyMap<string, Measured>): void {
    const nodes: [string, Usage][] = []
    const pods: [string, Usage][] = []
    for (const [name, { node, pods: found }] of measured) {
      if (node) nodes.push([name, usageOf([node])])
      for (const [pod, containers] of found)
        pods.push([podKey(name, pod), usageOf(containers.map(({ usage }) => usage))])
    }
    this.#nodes.add(atMs, nodes)
    this.#pods.add(atMs, pods)
  }

  /** How many readings there are. */
  get length(): number {
    return this.#nodes.length
  }

  /** @param every one reading in so many, the same ones for all */
  ofNode(name: string, every = 1): Sample[] {
    return this.#nodes.samples(name, READINGS, every)
  }

  /** @param pod `<namespace>/<name>` */
  ofPod(node: string, pod: string, every = 1): Sample[] {
    return this.#pods.samples(podKey(node, pod), READINGS, every)
  }
}
