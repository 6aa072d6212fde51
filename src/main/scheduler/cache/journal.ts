// What came to nodes and left them, so that whoever has counted the cluster's pods once can count on.
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

export interface Placement {
  readonly pod: PodInfo
  readonly node: NodeInfo
  /** 1 = it came, -1 = it left. */
  readonly amount: 1 | -1
}

/** Whoever missed more than this counts anew. */
const MOST = 2_000

export class Journal {
  #placements: Placement[] = []
  #start = 0
  #epoch = 0

  /** Grows when nodes come, go, or change in what counting looks at: counts of before are worth nothing then. */
  get epoch(): number {
    return this.#epoch
  }
  /** Where the next placement will stand. */
  get end(): number {
    return this.#start + this.#placements.length
  }

  record(pod: PodInfo, node: NodeInfo, amount: 1 | -1): void {
    this.#placements.push({ pod, node, amount })
    if (this.#placements.length <= 2 * MOST) return
    this.#placements = this.#placements.slice(MOST)
    this.#start += MOST
  }

  nodesChanged(): void {
    this.#epoch++
  }

  /** @returns undefined when they are not known any more */
  since(position: number): readonly Placement[] | undefined {
    return position < this.#start ? undefined : this.#placements.slice(position - this.#start)
  }
}
