// node-ipam: gives every node a pod network of its own.
import { Node } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { type ControllerContext, type Reconciler, type Result, done, own } from '../../../shared/client/reconciler.ts'
import { CidrSet } from './cidr-set.ts'

export class NodeIpamController implements Reconciler<Node> {
  readonly name = 'node-ipam'
  readonly identity = 'node-controller'
  readonly eventSource = 'cidrAllocator'
  readonly type = Node
  readonly watches = [own(Node)]
  /** One at a time: two nodes must not find the same network free. */
  readonly workers = 1
  readonly #cidrs: CidrSet
  /** Given but not shown by the cache yet. */
  readonly #given = new Map<string, string>()
  #full = false

  constructor(clusterCidr = '10.244.0.0/16', nodeMaskBits = 24) {
    this.#cidrs = new CidrSet(clusterCidr, nodeMaskBits)
  }

  async reconcile(node: Node, context: ControllerContext): Promise<Result> {
    const { name, uid } = node.metadata
    if (node.spec.podCIDR) {
      this.#given.delete(name)
      return done
    }
    if (node.metadata.deletionTimestamp) return done
    const cidr = this.#given.get(name) ?? this.#cidrs.firstFree(this.#used(context))
    if (!cidr) {
      this.#full = true
      const about = { kind: 'Node', apiVersion: 'v1', name, uid }
      context.events.event(about, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
      throw new Error(`no pod network is left for node ${name}`)
    }
    this.#given.set(name, cidr)
    const patch = { metadata: { uid }, spec: { podCIDR: cidr, podCIDRs: [cidr] } }
    await context.client.patch(Node, { name }, patch, { type: 'strategic', signal: context.signal })
    return done
  }

  gone({ name }: ObjectRef, context: ControllerContext): undefined {
    this.#given.delete(name)
    if (!this.#full) return
    // A network is free again: whoever waits for one gets it.
    this.#full = false
    for (const node of context.lister(Node).list()) if (!node.spec.podCIDR) context.enqueue(node.metadata)
  }

  #used({ lister }: ControllerContext): Set<string> {
    const used = new Set(this.#given.values())
    for (const { spec } of lister(Node).list()) {
      for (const cidr of [spec.podCIDR, ...(spec.podCIDRs ?? [])]) if (cidr) used.add(cidr)
    }
    return used
  }
}
