// Why nodes were ruled out, noted as they are looked at and put in order only for whoever asks: where a node fits,
// nobody does.
import type { NodeStatuses, Rejection } from './plugin.ts'

export class Rejections {
  readonly #names: string[] = []
  readonly #reasons: Rejection[] = []
  #byNode: NodeStatuses | undefined

  add(nodeName: string, rejection: Rejection): void {
    this.#names.push(nodeName)
    this.#reasons.push(rejection)
  }

  get byNode(): NodeStatuses {
    if (this.#byNode) return this.#byNode
    const byNode = new Map<string, Rejection>()
    for (const [i, name] of this.#names.entries()) byNode.set(name, this.#reasons[i] as Rejection)
    return (this.#byNode = byNode)
  }
}
