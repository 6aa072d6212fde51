// What the plugins said about nodes for pods that ask the same: replicas of a workload, mostly. An answer is kept while
// its node does not change. Only plugins that sign are remembered: they read no more than the pod and the node.
import { RecentlyUsed } from '../../../shared/machinery/recently-used.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState, StateKey } from './cycle-state.ts'
import type { Rejection } from './plugin.ts'
import { type Profile, having } from './profile.ts'

/** Signatures remembered, those used last; each holds an answer about every node. */
const MOST_KINDS = 16
/** Nodes that went stay in the table until it is full. */
const MOST_ANSWERS = 10_000

export interface Answer {
  generation: number
  /** What the signing filters say; null = the node fits, undefined = they were not asked. */
  rejection: Rejection | null | undefined
  /** Raw scores of the signing plugins, in their order; undefined = they were not asked. */
  scores: readonly number[] | undefined
  /** What they say of the node with those pods to which it is promised. */
  full: Full | undefined
}

interface Full {
  /** All to whom it is promised: the same list while they are the same. */
  readonly promised: readonly PodInfo[]
  /** The pods that matter at least as much as one of this priority count. */
  readonly priority: number
  readonly rejection: Rejection | undefined
}

/** Pods with one signature. */
export class PodKind {
  readonly signature: string
  readonly #answers = new Map<NodeInfo, Answer>()
  /** By plugin and reasons: nodes are ruled out in few ways. */
  readonly #rejections = new Map<string, Rejection>()

  constructor(signature: string) {
    this.signature = signature
  }

  /** What is known about the node as it is; to be filled in by whoever asks. */
  about(node: NodeInfo): Answer {
    const { generation } = node
    const known = this.#answers.get(node)
    if (known?.generation === generation) return known
    const answer: Answer = { generation, rejection: undefined, scores: undefined, full: undefined }
    if (!known && this.#answers.size >= MOST_ANSWERS) this.#answers.clear()
    this.#answers.set(node, answer)
    return answer
  }

  /** The same object for the same rejection, so that it is quickly counted. */
  shared(rejection: Rejection): Rejection {
    const key = `${rejection.plugin} ${rejection.code} ${rejection.reasons.join()}`
    const known = this.#rejections.get(key)
    if (known) return known
    if (this.#rejections.size >= 1_000) this.#rejections.clear()
    this.#rejections.set(key, rejection)
    return rejection
  }
}

const memories = new WeakMap<Profile, RecentlyUsed<PodKind>>()

const kindOfCycle: StateKey<PodKind> = { name: 'PodKind' }

/** @returns the pods that the profile's signing plugins cannot tell from the cycle's pod */
export function kindOf(profile: Profile, state: CycleState, pod: PodInfo): PodKind {
  const known = state.get(kindOfCycle)
  if (known) return known
  let kinds = memories.get(profile)
  if (!kinds) memories.set(profile, (kinds = new RecentlyUsed(MOST_KINDS)))
  const signature = JSON.stringify(having(profile, 'sign').map(plugin => plugin.sign(pod)))
  const kind = kinds.use(signature, () => new PodKind(signature))
  state.set(kindOfCycle, kind)
  return kind
}
