// A priority level: so many seats are there for requests that are worked on, the others wait in queues or are turned away.
//
// Each flow is dealt a hand of queues by its name and waits in the shortest of them, so that a flow that floods its
// queues leaves the others some that it does not touch. Of the queues with somebody in them, the one that has the
// fewest seats under way is next, and among those each in turn; if it needs more seats than are free, all wait for it. A
// level that is full may take seats that others lend while they do not need them; they get theirs back as those requests
// end.
import type { PriorityLevelConfiguration } from '../../../../shared/api/flowcontrol/v1.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { PassingThrough } from '../../../../shared/machinery/passing-through.ts'
import { tooManyRequests } from '../../../../shared/machinery/status.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import type { FlowCounts, Rejection } from './flow-counts.ts'
import { RetryAfter } from './retry-after.ts'
import type { WorkEstimate } from './work-estimate.ts'

/** A quarter of the time that a request may take in all. */
const MAX_WAIT_MS = 15_000
/** What one request of a level with queues may take of it. */
const MOST_SHARE = 0.15

/** Gives the seats back. */
export type Leave = () => void

/** A request that wants seats. */
interface Asking {
  /** Of its schema. */
  readonly counts: FlowCounts
  /** What its schema tells requests apart by. */
  readonly flow: () => string
  readonly work: WorkEstimate
  readonly at: AuthorizationAttributes
  /** Its signal is only asked for when it has to wait. */
  readonly request: { readonly signal: AbortSignal }
}

/** One that has come. */
export interface Ticket {
  readonly asking: Asking
  readonly arrivedMs: number
  startedMs: number | undefined
  /** Where it waits, or has waited. */
  queue: Queue | undefined
}

interface Waiter {
  readonly ticket: Ticket
  readonly start: () => void
}

export interface Queue {
  readonly waiting: readonly Waiter[]
  readonly running: number
  readonly seats: number
}

interface OpenQueue extends Queue {
  readonly waiting: Waiter[]
  running: number
  seats: number
}

interface Shape {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

/** The other levels. */
export interface Lenders {
  /** How many seats they have to spare for the level; asked when it has none left. */
  spareFor(level: PriorityLevel): number
  /** A level has seats again, which it may lend. */
  freed(level: PriorityLevel): void
}

/** What a request holds as long as it is worked on. */
const widthOf = ({ work }: Asking) => Math.max(work.seats, work.finalSeats)

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

export class PriorityLevel implements Disposable {
  readonly name: string
  uid = ''
  isExempt = false
  /** It is configured no more, and goes once it is idle. */
  isQuiescing = false
  /** How many seats it has. */
  seats = 0
  /** How many of those others may have while they are free. */
  lendable = 0
  /** How many this level may have of others'. */
  borrowable = 0
  /** What one request may take; 0: it is not bounded here. */
  mostSeats = 0
  seatsInUse = 0
  waiting = 0
  dispatched = 0
  readonly rejected: Record<Rejection, number> = {
    'concurrency-limit': 0,
    'queue-full': 0,
    'time-out': 0,
    cancelled: 0,
  }
  readonly running = new PassingThrough<Ticket>()
  readonly #retryAfter = new RetryAfter()
  readonly #clock: Clock
  readonly #lenders: Lenders
  #shape: Shape | undefined
  #queues: OpenQueue[] = []
  #turn = 0
  /** Seats of requests that are answered, while their watchers are told. */
  readonly #lingering = new Set<() => void>()

  constructor(name: string, clock: Clock, lenders: Lenders) {
    this.name = name
    this.#clock = clock
    this.#lenders = lenders
  }

  get executing(): number {
    return this.running.size
  }

  get queues(): readonly Queue[] {
    return this.#queues
  }

  /** Seats that it may have as things are: its own, and those that it could borrow. */
  get limit(): number {
    const taken = Math.max(this.seats, this.seatsInUse)
    if (this.isExempt) return taken
    return Math.min(this.seats + this.borrowable, taken + Math.max(0, this.#lenders.spareFor(this)))
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#lingering) cancel()
    this.#lingering.clear()
  }

  /** @param all the server's seats, which a level may have that says nothing of how many it may borrow */
  configure({ metadata, spec }: PriorityLevelConfiguration, seats: number, all = Infinity): void {
    this.uid = metadata.uid
    this.isExempt = spec.type === 'Exempt'
    this.isQuiescing = false
    this.seats = seats
    const { lendablePercent = 0 } = spec.limited ?? spec.exempt ?? {}
    const { borrowingLimitPercent } = spec.limited ?? {}
    this.lendable = Math.round((seats * lendablePercent) / 100)
    this.borrowable = borrowingLimitPercent === undefined ? all : Math.round((seats * borrowingLimitPercent) / 100)
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = spec.limited?.limitResponse?.queuing ?? {}
    const shape = spec.limited?.limitResponse?.type === 'Queue' ? { queues, handSize, queueLengthLimit } : undefined
    this.mostSeats = shape ? Math.max(1, Math.min(Math.ceil(seats * MOST_SHARE), Math.floor(seats / handSize))) : 0
    const sameQueues = shape?.queues === this.#shape?.queues
    this.#shape = shape
    // Whoever waits in the old queues is still taken from them.
    if (!sameQueues) {
      const left = this.#queues.filter(({ waiting }) => waiting.length > 0)
      const fresh = Array.from({ length: shape?.queues ?? 0 }, (): OpenQueue => ({ waiting: [], running: 0, seats: 0 }))
      this.#queues = [...fresh, ...left]
    }
    this.fill()
  }

  /**
   * Takes its seats: at once when they are free, otherwise when the turn has come.
   * @throws ApiError 429 with Retry-After when it is full, or when the turn does not come in time
   */
  take(asking: Asking): Leave | Promise<Leave> {
    const ticket: Ticket = { asking, arrivedMs: this.#clock.now(), startedMs: undefined, queue: undefined }
    asking.counts.seats.observe(widthOf(asking))
    if (this.isExempt || (this.waiting === 0 && this.#hasRoom(widthOf(asking)))) return this.#start(ticket)
    return this.#wait(ticket)
  }

  #hasRoom(width: number): boolean {
    const wanted = this.seatsInUse + width
    if (wanted <= this.seats) return true
    // What is wider than all that there is has it for itself.
    if (width > this.seats && this.seatsInUse === 0) return true
    if (wanted > this.seats + this.borrowable) return false
    return wanted - Math.max(this.seats, this.seatsInUse) <= this.#lenders.spareFor(this)
  }

  #start(ticket: Ticket): Leave {
    const { counts } = ticket.asking
    const width = widthOf(ticket.asking)
    ticket.startedMs = this.#clock.now()
    const place = this.running.add(ticket)
    this.dispatched++
    this.seatsInUse += width
    counts.dispatched++
    counts.executing++
    counts.executingSeats += width
    const queue = ticket.queue as OpenQueue | undefined
    if (queue) {
      queue.running++
      queue.seats += width
    }
    return () => {
      this.running.delete(place)
      this.#leave(ticket, queue, width)
    }
  }

  #leave(ticket: Ticket, queue: OpenQueue | undefined, width: number): void {
    const { counts, work, at } = ticket.asking
    counts.executing--
    counts.executingSeats -= width
    const { startedMs = 0 } = ticket
    counts[at.verb === 'watch' ? 'watches' : 'regular'].observe((this.#clock.now() - startedMs) / 1000)
    if (queue) queue.running--
    const lingers = this.isExempt ? 0 : work.finalSeats
    this.#free(queue, width - lingers)
    if (lingers === 0) return
    const cancel = this.#clock.after(work.finalMs, () => {
      this.#lingering.delete(cancel)
      this.#free(queue, lingers)
    })
    this.#lingering.add(cancel)
  }

  #free(queue: OpenQueue | undefined, seats: number): void {
    this.seatsInUse -= seats
    if (queue) queue.seats -= seats
    this.fill()
    if (this.lendable > 0) this.#lenders.freed(this)
  }

  /** Resolves when the turn has come; its seats are taken then. */
  #wait(ticket: Ticket): Promise<Leave> {
    const { counts, work, request } = ticket.asking
    const queue = this.#queueFor(ticket.asking)
    if (!queue) return Promise.reject(this.#reject(counts, this.#shape ? 'queue-full' : 'concurrency-limit'))
    const { signal } = request
    return new Promise((resolve, reject) => {
      const leave = (why: Rejection, reason?: unknown) => {
        const at = queue.waiting.indexOf(waiter)
        if (at < 0) return
        queue.waiting.splice(at, 1)
        done()
        counts.rejectedAfter.observe((this.#clock.now() - ticket.arrivedMs) / 1000)
        const rejection = this.#reject(counts, why)
        reject(reason instanceof Error ? reason : rejection)
        // It may have been all that the others waited for.
        this.fill()
      }
      const gone = () => leave('cancelled', signal.reason)
      const cancel = this.#clock.after(MAX_WAIT_MS, () => leave('time-out'))
      const done = () => {
        this.waiting--
        counts.waiting--
        counts.waitingSeats -= work.seats
        cancel()
        signal.removeEventListener('abort', gone)
      }
      const start = () => {
        done()
        counts.executedAfter.observe((this.#clock.now() - ticket.arrivedMs) / 1000)
        resolve(this.#start(ticket))
      }
      const waiter: Waiter = { ticket, start }
      signal.addEventListener('abort', gone)
      ticket.queue = queue
      queue.waiting.push(waiter)
      this.waiting++
      counts.waiting++
      counts.waitingSeats += work.seats
      counts.queueLengths.observe(queue.waiting.length)
    })
  }

  #reject(counts: FlowCounts, why: Rejection) {
    this.rejected[why]++
    counts.reject(why)
    return tooManyRequests('Too many requests, please try again later.', this.#retryAfter.told(this.#clock.monotonic()))
  }

  #queueFor({ flow }: Asking): OpenQueue | undefined {
    const shape = this.#shape
    if (!shape) return undefined
    const hand = deal(flow(), shape).flatMap(card => this.#queues[card] ?? [])
    const shortest = hand.reduce<OpenQueue | undefined>(
      (best, next) => (best && best.waiting.length <= next.waiting.length ? best : next),
      undefined,
    )
    return shortest && shortest.waiting.length < shape.queueLengthLimit ? shortest : undefined
  }

  /** Gives free seats to those whose turn it is. */
  fill(): void {
    while (this.waiting > 0) {
      const next = this.#next()
      const waiter = next?.queue.waiting[0]
      if (!next || !waiter || !this.#hasRoom(widthOf(waiter.ticket.asking))) return
      this.#turn = (next.at + 1) % this.#queues.length
      next.queue.waiting.shift()
      waiter.start()
    }
  }

  #next(): { readonly queue: OpenQueue; readonly at: number } | undefined {
    const { length } = this.#queues
    let best: { readonly queue: OpenQueue; readonly at: number } | undefined
    for (let i = 0; i < length; i++) {
      const at = (this.#turn + i) % length
      const queue = this.#queues[at]
      if (queue && queue.waiting.length > 0 && (!best || queue.seats < best.queue.seats)) best = { queue, at }
    }
    return best
  }
}
