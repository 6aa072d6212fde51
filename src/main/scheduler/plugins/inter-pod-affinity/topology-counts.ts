// Topology key and value → how many pods match there, or what they weigh.
import type { NodeInfo } from '../../cache/node-info.ts'

export class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>()
  #size = 0

  add(key: string, node: NodeInfo, amount: number): void {
    const value = node.label(key)
    if (value === undefined) return
    let values = this.#counts.get(key)
    if (!values) this.#counts.set(key, (values = new Map()))
    const before = values.get(value) ?? 0
    const count = before + amount
    if (count === 0) values.delete(value)
    else values.set(value, count)
    this.#size += Number(count !== 0) - Number(before !== 0)
  }
  at(key: string, node: NodeInfo): number {
    const values = this.#counts.get(key)
    const value = values && node.label(key)
    return value === undefined ? 0 : (values?.get(value) ?? 0)
  }
  /** Over all of the node's topologies. */
  sum(node: NodeInfo): number {
    let sum = 0
    for (const key of this.#counts.keys()) sum += this.at(key, node)
    return sum
  }
  get empty(): boolean {
    return this.#size === 0
  }
}
