// Finds devices on one node for all claims of a pod at once. The first solution is taken: requests in their order, of
// each request the first alternative that can be had, devices in the order of their pools. A search that goes astray
// (many devices that are alike, and a constraint that none of them meets) is cut off.
import { randomUUID } from 'node:crypto'
import type { Node } from '../../../../shared/api/core/v1.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { MOST_DEVICES } from '../../../../shared/machinery/resource-claims.ts'
import { Constraint } from './constraints.ts'
import { Counters } from './counters.ts'
import { type Matching, isTainted } from './matching.ts'
import type { PooledDevice, Pools, ReachablePool } from './pools.ts'
import type { Alternative, WantedClaim } from './requests.ts'
import { type Amounts, Shares, takenOf } from './shares.ts'

/** One device of a claim. */
export interface Chosen {
  readonly alternative: Alternative
  readonly device: PooledDevice
  /** Its part of a device that others may have parts of as well. */
  readonly share?: { readonly id: string; readonly amounts: Amounts }
}

/** The devices of each claim, or why there are none; undefined when they are not to be had on this node. */
export type Found = readonly (readonly Chosen[])[] | { readonly problem: string } | undefined

export interface Search {
  readonly pools: Pools
  readonly matching: Matching
  /** Ids of the devices that other claims hold. */
  readonly inUse: ReadonlySet<string>
  /** What other claims take of devices that they share, by the device's id. */
  readonly shared: ReadonlyMap<string, Amounts>
  /** Steps that the whole pod may still take. */
  readonly budget: { left: number }
  /** What a node's search may take besides; none = as long as there are steps. */
  readonly time?: { readonly clock: Clock; readonly mostMs: number } | undefined
}

/** Steps on one node. */
const MOST_STEPS = 10_000

const isShareable = ({ device }: PooledDevice) => device.allowMultipleAllocations === true

class Abandoned extends Error {}

export function allocate(search: Search, claims: readonly WantedClaim[], node: Node): Found {
  const pools = search.pools.reachableFrom(node)
  try {
    const attempt = new Attempt(search, claims, pools, node.metadata.name)
    if (attempt.succeeds()) return attempt.chosen
    return pools.some(({ pool }) => pool.invalid) ? { problem: 'invalid resource pools were encountered' } : undefined
  } catch (error) {
    if (error instanceof Abandoned) return { problem: error.message }
    throw error
  }
}

/** One claim of the search. */
interface Part {
  readonly wanted: WantedClaim
  readonly constraints: readonly Constraint[]
  readonly chosen: Chosen[]
  readonly next: Part | undefined
}

const partOf = (wanted: WantedClaim, next: Part | undefined): Part => ({
  wanted,
  constraints: (wanted.claim.spec.devices?.constraints ?? []).map(constraint => new Constraint(constraint)),
  chosen: [],
  next,
})

class Attempt {
  readonly #search: Search
  readonly #pools: readonly ReachablePool[]
  readonly #first: Part | undefined
  readonly #counters: Counters
  readonly #shares: Shares
  /** What whole pools offer. */
  readonly #devices: readonly PooledDevice[]
  readonly #canShare: boolean
  /** Device → claims that it was chosen for. */
  readonly #taken = new Map<string, Set<Part>>()
  readonly #node: string
  readonly #untilMs: number
  #steps = 0

  constructor(search: Search, claims: readonly WantedClaim[], pools: readonly ReachablePool[], node: string) {
    this.#search = search
    this.#node = node
    this.#untilMs = search.time ? search.time.clock.monotonic() + search.time.mostMs : Number.POSITIVE_INFINITY
    this.#pools = pools
    this.#first = claims.reduceRight<Part | undefined>((next, wanted) => partOf(wanted, next), undefined)
    this.#counters = new Counters(new Set([...search.inUse, ...search.shared.keys()]))
    this.#shares = new Shares(search.shared)
    this.#devices = pools.flatMap(({ pool, devices }) => (pool.incomplete || pool.invalid ? [] : devices))
    this.#canShare = this.#devices.some(isShareable)
  }

  get chosen(): Chosen[][] {
    const all: Chosen[][] = []
    for (let part = this.#first; part; part = part.next) all.push(part.chosen)
    return all
  }

  /** @throws Abandoned */
  succeeds(): boolean {
    return this.#claim(this.#first)
  }

  #claim(part: Part | undefined): boolean {
    return part === undefined || this.#request(part, 0)
  }

  #request(part: Part, index: number): boolean {
    const alternatives = part.wanted.requests[index]
    if (!alternatives) return this.#claim(part.next)
    return alternatives.some(alternative => {
      const rest = () => this.#request(part, index + 1)
      return alternative.all
        ? this.#all(part, alternative, rest)
        : this.#some(part, alternative, 0, Number(alternative.count), rest)
    })
  }

  /** @throws Abandoned while a pool that devices may come from changes */
  #everyMatch(part: Part, alternative: Alternative): readonly PooledDevice[] {
    return this.#pools.flatMap(({ pool, devices }) => {
      const state = pool.incomplete ? 'being updated' : pool.invalid ? 'invalid' : undefined
      if (state === undefined) return devices.filter(device => this.#matches(part, alternative, device))
      const { namespace, name } = part.wanted.claim.metadata
      const why = `asks for all devices, but resource pool ${pool.driver}/${pool.name} is currently ${state}`
      throw new Abandoned(`claim ${namespace}/${name}, request ${alternative.name}: ${why}`)
    })
  }

  #all(part: Part, alternative: Alternative, rest: () => boolean): boolean {
    const devices = this.#everyMatch(part, alternative)
    if (devices.length === 0) return false
    const taken: PooledDevice[] = []
    for (const device of devices) {
      if (!this.#take(part, alternative, device)) break
      taken.unshift(device)
    }
    if (taken.length === devices.length && rest()) return true
    for (const device of taken) this.#giveBack(part, alternative, device)
    return false
  }

  /** Devices of one request are chosen in ascending order: their order means nothing. */
  #some(part: Part, alternative: Alternative, from: number, missing: number, rest: () => boolean): boolean {
    if (missing === 0) return rest()
    for (let i = from; i + (this.#canShare ? 1 : missing) <= this.#devices.length; i++) {
      const device = this.#devices[i]
      if (!device || !this.#isFree(part, alternative, device) || !this.#matches(part, alternative, device)) continue
      if (!this.#take(part, alternative, device)) continue
      if (this.#some(part, alternative, isShareable(device) ? i : i + 1, missing - 1, rest)) return true
      this.#giveBack(part, alternative, device)
    }
    return false
  }

  /** @throws Abandoned when a selector cannot be asked */
  #matches(part: Part, alternative: Alternative, device: PooledDevice): boolean {
    const match = this.#search.matching.of(part.wanted.claim, alternative, device)
    if (typeof match === 'object') throw new Abandoned(match.problem)
    return match
  }

  #isFree(part: Part, { adminAccess }: Alternative, device: PooledDevice): boolean {
    const { id } = device
    if (isShareable(device)) return true
    const taken = this.#taken.get(id)
    if (adminAccess) return !taken?.has(part)
    return !taken?.size && !this.#search.inUse.has(id)
  }

  /** @throws Abandoned after too many steps, or too much time */
  #take(part: Part, alternative: Alternative, device: PooledDevice): boolean {
    const { budget, time } = this.#search
    if (++this.#steps > MOST_STEPS || --budget.left < 0)
      throw new Abandoned('too many combinations of devices were tried')
    if (time && time.clock.monotonic() >= this.#untilMs)
      throw new Abandoned(`node ${this.#node}: timed out trying to allocate devices`)
    if (part.chosen.length >= MOST_DEVICES || !this.#isFree(part, alternative, device)) return false
    if (isTainted(alternative, device)) return false
    const broken = part.constraints.findIndex(constraint => !constraint.add(alternative, device))
    // Somebody else holds what an administrator looks at: it takes nothing more.
    if (broken >= 0 || !this.#takePart(part, alternative, device)) {
      const counted = broken < 0 ? part.constraints : part.constraints.slice(0, broken)
      for (const constraint of counted) constraint.remove(alternative)
      return false
    }
    this.#taken.set(device.id, (this.#taken.get(device.id) ?? new Set()).add(part))
    return true
  }

  /** What is shared takes of the counters once. */
  #takePart(part: Part, alternative: Alternative, device: PooledDevice): boolean {
    const counts = !alternative.adminAccess && !this.#shares.isShared(device)
    if (counts && !this.#counters.take(device)) return false
    if (!isShareable(device)) {
      part.chosen.push({ alternative, device })
      return true
    }
    const amounts = takenOf(alternative, device)
    if (amounts && this.#shares.take(device, amounts)) {
      part.chosen.push({ alternative, device, share: { id: randomUUID(), amounts } })
      return true
    }
    if (counts) this.#counters.giveBack(device)
    return false
  }

  #giveBack(part: Part, alternative: Alternative, device: PooledDevice): void {
    part.chosen.pop()
    this.#taken.get(device.id)?.delete(part)
    for (const constraint of part.constraints) constraint.remove(alternative)
    if (isShareable(device)) this.#shares.giveBack(device)
    if (!alternative.adminAccess && !this.#shares.isShared(device)) this.#counters.giveBack(device)
  }
}
