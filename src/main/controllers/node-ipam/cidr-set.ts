// The equally sized networks inside an IPv4 network.

const toNumber = (address: string): number => address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0)
const toText = (value: number): string => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.')

export class CidrSet {
  readonly #first: number
  readonly #size: number
  readonly #count: number
  readonly #bits: number
  /** Networks are handed out in turn, so that one just freed is not used again at once. */
  #next = 0

  /** @param bits mask of the networks inside. @throws RangeError when they do not fit */
  constructor(cidr: string, bits: number) {
    const [address = '', mask = ''] = cidr.split('/')
    const outer = Number(mask)
    const valid = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(cidr) && outer <= bits && bits <= 32
    if (!valid) throw new RangeError(`networks of /${bits} do not fit into ${cidr}`)
    this.#bits = bits
    this.#size = 2 ** (32 - bits)
    this.#count = 2 ** (bits - outer)
    const outerSize = 2 ** (32 - outer)
    this.#first = Math.floor(toNumber(address) / outerSize) * outerSize
  }

  /** @returns a network that is not in `used`; undefined when there is none */
  firstFree(used: ReadonlySet<string>): string | undefined {
    for (let i = 0; i < this.#count; i++) {
      const index = (this.#next + i) % this.#count
      const cidr = `${toText(this.#first + index * this.#size)}/${this.#bits}`
      if (used.has(cidr)) continue
      this.#next = (index + 1) % this.#count
      return cidr
    }
    return undefined
  }
}
