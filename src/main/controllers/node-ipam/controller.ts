// node-ipam: gives every node a pod network of its own, one for each of the cluster's families.
import { Node } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { type ControllerContext, type Reconciler, type Result, done, own } from '../../../shared/client/reconciler.ts'
import { familyOf } from '../../../shared/machinery/ip-address.ts'
import { CidrSet } from './cidr-set.ts'

/** Upstream's `--node-cidr-mask-size-ipv4` and `-ipv6`. */
const NODE_MASK_BITS = { IPv4: 24, IPv6: 64 }

export class NodeIpamController implements Reconciler<Node> {
  readonly name = 'node-ipam'
  readonly identity = 'node-controller'
  readonly eventSource = 'cidrAllocator'
  readonly type = Node
  readonly watches = [own(Node)]
  /** One at a time: two nodes must not find the same network free. */
  readonly workers = 1
  readonly #sets: readonly CidrSet[]
  /** Given but not shown by the cache yet. */
  readonly #given = new Map<string, readonly string[]>()
  #full = false

  /** @param clusterCidrs one for each family, the primary one's first */
  constructor(clusterCidrs: readonly string[] = ['10.244.0.0/16'], maskBits = NODE_MASK_BITS) {
    this.#sets = clusterCidrs.map(cidr => new CidrSet(cidr, maskBits[familyOf(cidr)]))
  }

  async reconcile(node: Node, context: ControllerContext): Promise<Result> {
    const { name, uid } = node.metadata
    if (node.spec.podCIDR) {
      this.#given.delete(name)
      return done
    }
    if (node.metadata.deletionTimestamp) return done
    const podCIDRs = this.#given.get(name) ?? this.#free(context)
    if (!podCIDRs) {
      this.#full = true
      const about = { kind: 'Node', apiVersion: 'v1', name, uid }
      context.events.event(about, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
      throw new Error(`no pod network is left for node ${name}`)
    }
    this.#given.set(name, podCIDRs)
    const patch = { metadata: { uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } }
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

  /** @returns a network of each family, or undefined when one has none left */
  #free(context: ControllerContext): readonly string[] | undefined {
    const used = this.#used(context)
    const found = this.#sets.flatMap(set => set.firstFree(used) ?? [])
    return found.length === this.#sets.length ? found : undefined
  }

  #used({ lister }: ControllerContext): Set<string> {
    const used = new Set([...this.#given.values()].flat())
    for (const { spec } of lister(Node).list()) {
      for (const cidr of [spec.podCIDR, ...(spec.podCIDRs ?? [])]) if (cidr) used.add(cidr)
    }
    return used
  }
}
