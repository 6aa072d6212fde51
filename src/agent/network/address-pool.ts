// Which pod of this node has which address. On disk before an address is used, so that a restarted agent or a
// rebooted host gives the same pod the same address; those of pods that come and go together in one write.
import { type Cidr, contains, formatIPv4, parseIPv4, sizeOf } from '../../shared/machinery/ipv4.ts'
import { Serialised } from './serialised.ts'
import { asStringRecord, readState, writeState } from './state-file.ts'

export class AddressPool {
  readonly #path: string
  readonly #cidr: Cidr
  readonly #byPod = new Map<string, string>()
  readonly #used = new Set<number>()
  /** Offset of the address given last: going round delays the reuse of an address as long as possible. */
  #last = 0
  readonly #saving = new Serialised(() => writeState(this.#path, JSON.stringify(Object.fromEntries(this.#byPod))))

  /** @param path file that keeps the assignments */
  constructor(path: string, cidr: Cidr) {
    this.#path = path
    this.#cidr = cidr
    for (const [podUid, ip] of asStringRecord(readState(path))) this.#adopt(podUid, ip)
  }

  get(podUid: string): string | undefined {
    return this.#byPod.get(podUid)
  }

  get isFull(): boolean {
    return this.#used.size >= this.#usable
  }

  pods(): string[] {
    return [...this.#byPod.keys()]
  }

  /** Takes over an assignment found on the host, where none is known. @returns whether it did */
  adopt(podUid: string, ip: string): boolean {
    return !this.#byPod.has(podUid) && this.#adopt(podUid, ip)
  }

  /** Resolves when all that was assigned and released before is on disk. */
  saved(): Promise<void> {
    return this.#saving.run()
  }

  /**
   * @returns the pod's address; a new one when it has none, to be used once it is saved
   * @throws Error when every address is taken
   */
  allocate(podUid: string): string {
    const known = this.#byPod.get(podUid)
    if (known) return known
    const usable = this.#usable
    for (let step = 1; step <= usable; step++) {
      const offset = ((this.#last + step - 1) % usable) + 1
      if (this.#used.has(this.#cidr.base + offset)) continue
      const ip = formatIPv4(this.#cidr.base + offset)
      this.#adopt(podUid, ip)
      return ip
    }
    throw new Error(`no free pod address: all ${usable} of this node's range are in use`)
  }

  release(podUid: string): void {
    const ip = this.#byPod.get(podUid)
    if (ip === undefined) return
    this.#byPod.delete(podUid)
    this.#used.delete(parseIPv4(ip) ?? 0)
  }

  /** First and last address stay free: the first is the node's own, the last answers whether it is reached. */
  get #usable(): number {
    return sizeOf(this.#cidr) - 2
  }

  #adopt(podUid: string, ip: string): boolean {
    const address = parseIPv4(ip)
    if (address === undefined || !contains(this.#cidr, address) || this.#used.has(address)) return false
    this.#byPod.set(podUid, ip)
    this.#used.add(address)
    this.#last = address - this.#cidr.base
    return true
  }
}
