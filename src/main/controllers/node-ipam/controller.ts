// node-ipam: gives every node a pod network of its own, one for each of the cluster's families.
import { Node } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
} from '../../../shared/client/reconciler.ts'
import { familyOf } from '../../../shared/machinery/ip-address.ts'
import { CidrSet } from './cidr-set.ts'

/** Upstream's `--node-cidr-mask-size-ipv4` and `-ipv6`. */
const NODE_MASK_BITS = { IPv4: 24, IPv6: 64 }

export class NodeIpamController implements Reconciler<Node> {
  readonly name = 'node-ipam'
  readonly identity = 'node-controller'
  readonly eventSource = 'cidrAllocator'
  readonly type = Node
  readonly watches = [mapped<Node>(Node, change => this.#follow(change))]
  /** Upstream's number; a network is found and taken in one step, so that no two nodes find the same one. */
  readonly workers = 30
  readonly #sets: readonly CidrSet[]
  /** Given but not shown by the cache yet. */
  readonly #given = new Map<string, readonly string[]>()
  /** Network → how many nodes show it or were given it. */
  readonly #taken = new Map<string, number>()
  #full = false

  /** @param clusterCidrs one for each family, the primary one's first */
  constructor(clusterCidrs: readonly string[] = ['10.244.0.0/16'], maskBits = NODE_MASK_BITS) {
    this.#sets = clusterCidrs.map(cidr => new CidrSet(cidr, maskBits[familyOf(cidr)]))
  }

  async reconcile(node: Node, context: ControllerContext): Promise<Result> {
    const { name, uid } = node.metadata
    if (node.spec.podCIDR) {
      this.#give(name, undefined)
      return done
    }
    if (node.metadata.deletionTimestamp) return done
    const podCIDRs = this.#given.get(name) ?? this.#free()
    if (!podCIDRs) {
      this.#full = true
      const about = { kind: 'Node', apiVersion: 'v1', name, uid }
      context.events.event(about, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
      throw new Error(`no pod network is left for node ${name}`)
    }
    this.#give(name, podCIDRs)
    const patch = { metadata: { uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } }
    await context.client.patch(Node, { name }, patch, { type: 'strategic', signal: context.signal })
    return done
  }

  gone({ name }: ObjectRef, context: ControllerContext): undefined {
    this.#give(name, undefined)
    if (!this.#full) return
    // A network is free again: whoever waits for one gets it.
    this.#full = false
    for (const node of context.lister(Node).list()) if (!node.spec.podCIDR) context.enqueue(node.metadata)
  }

  /** @returns a network of each family, or undefined when one has none left */
  #free(): readonly string[] | undefined {
    const found = this.#sets.flatMap(set => set.firstFree(this.#taken) ?? [])
    return found.length === this.#sets.length ? found : undefined
  }

  /** @param cidrs what the node was given; undefined: it shows that by now, or needs it no more */
  #give(name: string, cidrs: readonly string[] | undefined): void {
    this.#count(this.#given.get(name) ?? [], -1)
    if (cidrs) this.#given.set(name, cidrs)
    else this.#given.delete(name)
    this.#count(cidrs ?? [], 1)
  }

  #follow({ type, object, old }: Change<Node>): ObjectRef[] {
    this.#count(old ? networksOf(old) : [], -1)
    this.#count(networksOf(object), type === 'deleted' ? -1 : 1)
    // Heartbeats change nothing here.
    return type === 'updated' && old.spec.podCIDR && object.spec.podCIDR ? [] : [object.metadata]
  }

  #count(cidrs: readonly string[], sign: 1 | -1): void {
    for (const cidr of cidrs) {
      const count = (this.#taken.get(cidr) ?? 0) + sign
      if (count > 0) this.#taken.set(cidr, count)
      else this.#taken.delete(cidr)
    }
  }
}

const networksOf = ({ spec }: Node): readonly string[] =>
  spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []
