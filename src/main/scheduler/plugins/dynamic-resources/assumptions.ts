// Claims that this scheduler decided about and whose new state its cache does not show yet: the pods of the next cycles
// must not be given the same devices.
import type { AllocationResult, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import type { Lister } from '../../../../shared/client/lister.ts'
import { type Quantity, zero } from '../../../../shared/machinery/quantity.ts'
import type { Search } from './allocate.ts'
import { deviceId } from './pools.ts'
import { amountsOf } from './shares.ts'

interface Pending {
  readonly podUid: string
  readonly allocation: AllocationResult
}

const revisionOf = ({ metadata }: ResourceClaim) => Number(metadata.resourceVersion)

export class ClaimAssumptions {
  readonly #claims: Lister<ResourceClaim>
  /** Being written, by the claim's uid or what stands for it. */
  readonly #pending = new Map<string, Pending>()
  /** As the server answered, until the cache shows it. */
  readonly #written = new Map<string, ResourceClaim>()

  constructor(claims: Lister<ResourceClaim>) {
    this.#claims = claims
  }

  get(namespace: string, name: string): ResourceClaim | undefined {
    const claim = this.#claims.get({ namespace, name })
    return claim && this.#newest(claim)
  }

  #newest(claim: ResourceClaim): ResourceClaim {
    const { uid } = claim.metadata
    const written = this.#written.get(uid)
    if (!written) return claim
    if (revisionOf(claim) < revisionOf(written)) return written
    this.#written.delete(uid)
    return claim
  }

  isPending({ metadata }: ResourceClaim): boolean {
    return this.#pending.has(metadata.uid)
  }

  /** @param uid of the claim, or what stands for one that is yet to be made */
  pend(uid: string, podUid: string, allocation: AllocationResult): void {
    this.#pending.set(uid, { podUid, allocation })
  }

  /** @param pendedAs as its decision was told */
  wrote(claim: ResourceClaim, pendedAs = claim.metadata.uid): void {
    this.#written.set(claim.metadata.uid, claim)
    this.#pending.delete(pendedAs)
  }

  /** The pod's decisions are given up, as far as they are not written. */
  drop(podUid: string): void {
    for (const [uid, pending] of this.#pending) if (pending.podUid === podUid) this.#pending.delete(uid)
  }

  /** The devices that claims hold, by id, and what they take of those that they share; administrators hold nothing. */
  devicesInUse(): Pick<Search, 'inUse' | 'shared'> {
    const inUse = new Set<string>()
    const shared = new Map<string, Map<string, Quantity>>()
    for (const [uid, { metadata }] of this.#written)
      if (this.#claims.get(metadata)?.metadata.uid !== uid) this.#written.delete(uid) // gone meanwhile
    const add = (allocation: AllocationResult | undefined) => {
      for (const { driver, pool, device, adminAccess, shareID, consumedCapacity } of allocation?.devices?.results ??
        []) {
        const id = deviceId(driver, pool, device)
        if (shareID === undefined) {
          if (!adminAccess) inUse.add(id)
          continue
        }
        const sums = shared.get(id) ?? new Map<string, Quantity>()
        shared.set(id, sums)
        for (const [name, amount] of amountsOf(consumedCapacity)) sums.set(name, amount.add(sums.get(name) ?? zero))
      }
    }
    for (const claim of this.#claims.list()) add(this.#newest(claim).status.allocation)
    for (const { allocation } of this.#pending.values()) add(allocation)
    return { inUse, shared }
  }
}
