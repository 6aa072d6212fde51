// Memory that clients make the server hold. Where all of it is too much, whoever holds the most gives some up, so that
// nobody takes the part of the others.
import { PassingThrough, type Place } from '../../../shared/machinery/passing-through.ts'

export interface HeldBytes {
  /** More of it has come. */
  grow(bytes: number): void
  /** It is held until `release`, whatever happens: its user gives up something else. */
  keep(): void
  release(): void
}

interface Entry {
  bytes: number
  readonly giveUp: () => void
}

interface Holder {
  bytes: number
  /** How many there are, with those that are kept. */
  entries: number
  /** What may be given up, the oldest first. */
  readonly open: PassingThrough<Entry>
}

export class SharedBytes {
  readonly #limit: number
  readonly #givesUp: 'oldest' | 'newest'
  readonly #holders = new Map<string, Holder>()
  #bytes = 0

  /** @param givesUp what goes first of what its user holds */
  constructor(limit: number, givesUp: 'oldest' | 'newest') {
    this.#limit = limit
    this.#givesUp = givesUp
  }

  /** @param giveUp is called where it has to go, which releases it; also before this returns */
  hold(user: string, bytes: number, giveUp: () => void): HeldBytes {
    let holder = this.#holders.get(user)
    if (!holder) this.#holders.set(user, (holder = { bytes: 0, entries: 0, open: new PassingThrough() }))
    const { open } = holder
    const own = holder
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      open.delete(place)
      this.#count(own, -entry.bytes)
      if (--own.entries === 0) this.#holders.delete(user)
    }
    const entry: Entry = {
      bytes,
      giveUp: () => {
        release()
        giveUp()
      },
    }
    const place: Place<Entry> = open.add(entry)
    own.entries++
    this.#count(own, bytes)
    this.#fit()
    return {
      grow: more => {
        if (!isHeld) return
        entry.bytes += more
        this.#count(own, more)
        this.#fit()
      },
      keep: () => open.delete(place),
      release,
    }
  }

  #count(holder: Holder, bytes: number): void {
    holder.bytes += bytes
    this.#bytes += bytes
  }

  #fit(): void {
    while (this.#bytes > this.#limit) {
      const most = this.#most()
      // Nobody is refused a fair part because of what others keep, which is over soon.
      if (!most || most.bytes <= this.#limit / this.#holders.size) return
      most.open[this.#givesUp === 'oldest' ? 'first' : 'last']?.member.giveUp()
    }
  }

  /** Of those who have something to give up. */
  #most(): Holder | undefined {
    let most: Holder | undefined
    for (const holder of this.#holders.values())
      if (holder.open.size > 0 && (!most || holder.bytes > most.bytes)) most = holder
    return most
  }
}
