// Why nodes were ruled out, noted as they are looked at. A crowd for which no node fits asks this of every node again and
// again, so no more is made of it than somebody asks for.
import type { NodeInfo } from '../cache/node-info.ts'
import type { NodeStatuses, Rejection } from './plugin.ts'
import type { StatusCode } from './status.ts'

export class Rejections implements NodeStatuses {
  readonly #nodes: NodeInfo[] = []
  readonly #reasons: Rejection[] = []
  #byName: Map<string, Rejection> | undefined

  /** Each node once. */
  add(node: NodeInfo, rejection: Rejection): void {
    this.#nodes.push(node)
    this.#reasons.push(rejection)
    this.#byName?.set(node.name, rejection)
  }

  get size(): number {
    return this.#nodes.length
  }

  get(nodeName: string): Rejection | undefined {
    this.#byName ??= new Map(this)
    return this.#byName.get(nodeName)
  }

  values(): readonly Rejection[] {
    return this.#reasons
  }

  nodesWith(code: StatusCode): NodeInfo[] {
    return this.#nodes.filter((_, i) => this.#reasons[i]?.code === code)
  }

  *[Symbol.iterator](): Generator<[string, Rejection]> {
    for (const [i, { name }] of this.#nodes.entries()) yield [name, this.#reasons[i] as Rejection]
  }
}
