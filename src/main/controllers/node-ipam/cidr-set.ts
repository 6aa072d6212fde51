// The equally sized networks inside a network of either family.
import { type CidrRange, parseRange } from '../../../shared/machinery/cidr.ts'
import { BITS, formatIP } from '../../../shared/machinery/ip-address.ts'

/** As many networks as upstream makes of one range at most: its set is a bitmap. */
const MAX_NETWORKS = 2 ** 16

export class CidrSet {
  readonly #range: CidrRange
  readonly #count: number
  readonly #bits: number
  /** Networks are handed out in turn, so that one just freed is not used again at once. */
  #next = 0

  /** @param bits mask of the networks inside. @throws RangeError when they do not fit */
  constructor(cidr: string, bits: number) {
    const range = parseRange(cidr)
    if (!range || range.bits > bits || bits > BITS[range.family])
      throw new RangeError(`networks of /${bits} do not fit into ${cidr}`)
    this.#range = range
    this.#bits = bits
    this.#count = Math.min(2 ** (bits - range.bits), MAX_NETWORKS)
  }

  /** @returns a network that is not in `used`; undefined when there is none */
  firstFree(used: { has(cidr: string): boolean }): string | undefined {
    const { family, first } = this.#range
    const size = 1n << BigInt(BITS[family] - this.#bits)
    for (let i = 0; i < this.#count; i++) {
      const index = (this.#next + i) % this.#count
      const cidr = `${formatIP({ family, value: first + BigInt(index) * size })}/${this.#bits}`
      if (used.has(cidr)) continue
      this.#next = (index + 1) % this.#count
      return cidr
    }
    return undefined
  }
}
