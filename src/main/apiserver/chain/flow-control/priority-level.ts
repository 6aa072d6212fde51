// A priority level: so many requests are worked on at a time, the others wait in queues or are turned away.
//
// Each flow is dealt a hand of queues by its name and waits in the shortest of them, so that a flow that floods its
// queues leaves the others some that it does not touch. Of the queues with somebody in them, the one that has the
// fewest requests under way is next, and among those each in turn. A level that is full may take seats that others
// lend while they do not need them; they get theirs back as those requests end.
import type { PriorityLevelConfiguration } from '../../../../shared/api/flowcontrol/v1.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { tooManyRequests } from '../../../../shared/machinery/status.ts'

/** A quarter of the time that a request may take in all. */
const MAX_WAIT_MS = 15_000

/** Gives a seat back. */
export type Leave = () => void

/** Whoever may have to wait; its signal is only asked for then. */
export interface Asking {
  readonly signal: AbortSignal
}

interface Waiter {
  readonly start: () => void
}

interface Queue {
  readonly waiting: Waiter[]
  running: number
}

interface Shape {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

const rejected = () => tooManyRequests('Too many requests, please try again later.', 1)

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** @returns different queues, always the same for a flow */
function deal(flow: string, { queues, handSize }: Shape): number[] {
  const hand: number[] = []
  let seed = hashOf(flow) || 1
  while (hand.length < Math.min(handSize, queues)) {
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    let card = (seed >>> 0) % queues
    while (hand.includes(card)) card = (card + 1) % queues
    hand.push(card)
  }
  return hand
}

export class PriorityLevel {
  readonly name: string
  uid = ''
  isExempt = false
  /** How many requests may be worked on at a time. */
  seats = 0
  /** How many of those others may have while they are free. */
  lendable = 0
  /** How many this level may have of others'. */
  borrowable = 0
  executing = 0
  waiting = 0
  dispatched = 0
  rejectedCount = 0
  readonly #clock: Clock
  readonly #mayBorrow: (level: PriorityLevel) => boolean
  #shape: Shape | undefined
  #queues: Queue[] = []
  #turn = 0

  /** @param mayBorrow whether another level has a seat to spare; asked when this one has none left */
  constructor(name: string, clock: Clock, mayBorrow: (level: PriorityLevel) => boolean) {
    this.name = name
    this.#clock = clock
    this.#mayBorrow = mayBorrow
  }

  get #hasSeat(): boolean {
    if (this.executing < this.seats) return true
    return this.executing < this.seats + this.borrowable && this.#mayBorrow(this)
  }

  configure({ metadata, spec }: PriorityLevelConfiguration, seats: number): void {
    this.uid = metadata.uid
    this.isExempt = spec.type === 'Exempt'
    this.seats = seats
    const { lendablePercent = 0, borrowingLimitPercent } = spec.limited ?? {}
    this.lendable = Math.round((seats * lendablePercent) / 100)
    this.borrowable = borrowingLimitPercent === undefined ? Infinity : Math.round((seats * borrowingLimitPercent) / 100)
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = spec.limited?.limitResponse?.queuing ?? {}
    const shape = spec.limited?.limitResponse?.type === 'Queue' ? { queues, handSize, queueLengthLimit } : undefined
    const sameQueues = shape?.queues === this.#shape?.queues
    this.#shape = shape
    // Whoever waits in the old queues is still taken from them.
    if (!sameQueues) {
      const left = this.#queues.filter(({ waiting }) => waiting.length > 0)
      this.#queues = [
        ...Array.from({ length: shape?.queues ?? 0 }, (): Queue => ({ waiting: [], running: 0 })),
        ...left,
      ]
    }
    this.#fill()
  }

  /**
   * Takes a seat: at once when one is free, otherwise when the turn has come.
   * @throws ApiError 429 with Retry-After when it is full, or when the turn does not come in time
   */
  take(flow: () => string, asking: Asking): Leave | Promise<Leave> {
    if (this.isExempt || (this.waiting === 0 && this.#hasSeat)) {
      this.executing++
      this.dispatched++
      return this.#leave
    }
    return this.#wait(flow(), asking.signal).then(queue => {
      this.dispatched++
      return () => {
        queue.running--
        this.#leave()
      }
    })
  }

  readonly #leave: Leave = () => {
    this.executing--
    if (this.waiting > 0) this.#fill()
  }

  /** Resolves when the turn has come; its seat is taken then. */
  #wait(flow: string, signal: AbortSignal): Promise<Queue> {
    const queue = this.#queueFor(flow)
    if (!queue) {
      this.rejectedCount++
      return Promise.reject(rejected())
    }
    return new Promise((resolve, reject) => {
      const leave = (error: unknown) => {
        const at = queue.waiting.indexOf(waiter)
        if (at < 0) return
        queue.waiting.splice(at, 1)
        this.waiting--
        this.rejectedCount++
        done()
        reject(error instanceof Error ? error : rejected())
      }
      const gone = () => leave(signal.reason)
      const cancel = this.#clock.after(MAX_WAIT_MS, () => leave(rejected()))
      const done = () => {
        cancel()
        signal.removeEventListener('abort', gone)
      }
      const waiter: Waiter = {
        start: () => {
          done()
          resolve(queue)
        },
      }
      signal.addEventListener('abort', gone)
      queue.waiting.push(waiter)
      this.waiting++
    })
  }

  #queueFor(flow: string): Queue | undefined {
    const shape = this.#shape
    if (!shape) return undefined
    const hand = deal(flow, shape).flatMap(card => this.#queues[card] ?? [])
    const shortest = hand.reduce<Queue | undefined>(
      (best, next) => (best && best.waiting.length <= next.waiting.length ? best : next),
      undefined,
    )
    return shortest && shortest.waiting.length < shape.queueLengthLimit ? shortest : undefined
  }

  /** Gives free seats to those whose turn it is. */
  #fill(): void {
    while (this.waiting > 0 && this.#hasSeat) {
      const queue = this.#next()
      const waiter = queue?.waiting.shift()
      if (!queue || !waiter) return
      this.waiting--
      this.executing++
      queue.running++
      waiter.start()
    }
  }

  #next(): Queue | undefined {
    const { length } = this.#queues
    let best: Queue | undefined
    let bestAt = 0
    for (let i = 0; i < length; i++) {
      const at = (this.#turn + i) % length
      const queue = this.#queues[at]
      if (queue && queue.waiting.length > 0 && (!best || queue.running < best.running)) {
        best = queue
        bestAt = at
      }
    }
    this.#turn = (bestAt + 1) % Math.max(1, length)
    return best
  }
}
