// Remembers the last decision about each pod, for "why is it pending?" and "why there?". Bounded: the oldest go first.
import type { Pod } from '../../shared/api/core/v1.ts'
import type { NodeStatuses } from './framework/plugin.ts'
import type { NodeScore } from './framework/run-plugins.ts'
import type { Status } from './framework/status.ts'

/** One scheduling cycle, told in data. */
export interface Explanation {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** The node chosen, if any. */
  readonly nodeName: string | undefined
  /** Node → plugin and reasons that ruled it out. */
  readonly rejected: Readonly<Record<string, { readonly plugin: string; readonly reasons: readonly string[] }>>
  /** Why the pod fits nowhere, whatever the node. */
  readonly rejection?: { readonly plugin: string; readonly reasons: readonly string[] }
  /** Node → plugin → weighted score, for the nodes that fit. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface Decision {
  readonly atMs: number
  readonly nodeName: string | undefined
  readonly statuses: NodeStatuses
  readonly rejection?: Status & { readonly plugin: string }
  readonly scores: readonly NodeScore[]
}

const MOST = 2_000

export class Explanations {
  readonly #decisions = new Map<string, Decision>()

  set({ metadata: { uid } }: Pod, decision: Decision): void {
    this.#decisions.delete(uid)
    this.#decisions.set(uid, decision)
    if (this.#decisions.size <= MOST) return
    const [oldest] = this.#decisions.keys()
    if (oldest !== undefined) this.#decisions.delete(oldest)
  }

  delete(uid: string): void {
    this.#decisions.delete(uid)
  }

  get(uid: string): Explanation | undefined {
    const decision = this.#decisions.get(uid)
    if (!decision) return undefined
    const { atMs, nodeName, statuses, rejection, scores } = decision
    return {
      atMs,
      nodeName,
      rejected: Object.fromEntries([...statuses].map(([name, { plugin, reasons }]) => [name, { plugin, reasons }])),
      ...(rejection ? { rejection: { plugin: rejection.plugin, reasons: rejection.reasons } } : {}),
      scores: Object.fromEntries(scores.map(({ node, parts }) => [node.name, parts])),
    }
  }
}
