// ttl: tells every node for how long its kubelet may keep what it read of ConfigMaps and Secrets. Our agents are told of
// changes and need no such time; it is there for kubelets of others, and for what reads the annotation.
import { Node } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { type ControllerContext, type Reconciler, type Result, done, own } from '../../../shared/client/reconciler.ts'

/** Source: the Kubernetes reference, well-known labels, annotations and taints. */
export const TTL = 'node.alpha.kubernetes.io/ttl'

/** Upstream's steps. They overlap, so that a cluster at a border does not go back and forth. */
const STEPS = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1_000, seconds: 30 },
  { least: 900, most: 2_000, seconds: 60 },
  { least: 1_800, most: Infinity, seconds: 300 },
] as const

/** @returns the step for so many nodes, coming from another one */
export function stepFor(nodes: number, from: number): number {
  let step = from
  while (nodes > (STEPS[step]?.most ?? Infinity)) step++
  while (nodes < (STEPS[step]?.least ?? 0)) step--
  return step
}

export class NodeTtlController implements Reconciler<Node> {
  readonly name = 'ttl'
  readonly type = Node
  readonly watches = [own(Node)]
  #step = 0

  async reconcile({ metadata }: Node, context: ControllerContext): Promise<Result> {
    this.#follow(context)
    const ttl = String(STEPS[this.#step]?.seconds)
    if (metadata.annotations?.[TTL] === ttl) return done
    const patch = { metadata: { uid: metadata.uid, annotations: { [TTL]: ttl } } }
    await context.client.patch(Node, { name: metadata.name }, patch, { type: 'strategic', signal: context.signal })
    return done
  }

  gone(_ref: ObjectRef, context: ControllerContext): undefined {
    this.#follow(context)
  }

  /** One node more or fewer may be news for all of them. */
  #follow({ lister, enqueue }: ControllerContext): void {
    const nodes = lister(Node)
    const step = stepFor(nodes.size, this.#step)
    if (step === this.#step) return
    this.#step = step
    for (const { metadata } of nodes.list()) enqueue(metadata)
  }
}
