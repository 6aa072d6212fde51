// Writes events in the background. Those about one object are written in their order, those about others meanwhile: one
// write that fails and is tried again, or a server that takes its time, holds up nobody else.
//
// A few are written as they come. A crowd waits a moment and is written together, which costs a third less than one now
// and then between other writes, and keeps it out of the way of what it tells of.
import { type Clock, delay } from '../machinery/clock.ts'
import { ApiError } from '../machinery/status.ts'

const MAX_QUEUED = 1_000
/** Writes at the same time. */
const MAX_WRITING = 16
/** So many are written as they come before others wait, for so long. */
const FEW = 16
const GATHER_MS = 200
const MAX_ATTEMPTS = 12
const RETRY_MS = 10_000

/** Decides what becomes of an event, once its turn has come. @returns a call that may fail; undefined = nothing is written */
export type PrepareEvent = () => (() => Promise<unknown>) | undefined

export interface EventQueue {
  /** Returns at once; where too many wait, the event is lost. @param about what its events are kept in order of */
  push(about: string, prepare: PrepareEvent): void
}

interface Waiting {
  readonly about: string
  readonly prepare: PrepareEvent
}

/** @returns a queue whose writes end with the signal. */
export function createEventQueue({ clock, signal }: { clock: Clock; signal: AbortSignal }): EventQueue {
  const queue: Waiting[] = []
  /** What something is being written about. */
  const busy = new Set<string>()
  /** How many more may go before `nextBunchMs`; whatever waits then goes with the next. */
  let room = 0
  let nextBunchMs = Number.NEGATIVE_INFINITY
  let gathering = false

  function drain(): void {
    if (signal.aborted) return
    const nowMs = clock.monotonic()
    if (nowMs >= nextBunchMs) {
      room = Math.max(FEW, queue.length)
      nextBunchMs = nowMs + GATHER_MS
    }
    while (room > 0 && busy.size < MAX_WRITING) {
      const next = queue.findIndex(({ about }) => !busy.has(about))
      const [event] = next < 0 ? [] : queue.splice(next, 1)
      if (!event) return
      room--
      busy.add(event.about)
      void write(event).finally(() => {
        busy.delete(event.about)
        drain()
      })
    }
    if (room === 0 && queue.length > 0 && !gathering) void gather(nextBunchMs - nowMs)
  }

  async function gather(forMs: number): Promise<void> {
    gathering = true
    await delay(clock, forMs, signal).catch(() => undefined) // aborted: nothing is written any more
    gathering = false
    drain()
  }

  async function write({ prepare }: Waiting): Promise<void> {
    const send = prepare()
    if (!send) return
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && !signal.aborted; attempt++) {
      try {
        await send()
        return
      } catch (error) {
        // The server answered and said no (the namespace goes away, …): trying again cannot help.
        if (signal.aborted || (error instanceof ApiError && error.code < 500 && error.code !== 429)) return
        await delay(clock, RETRY_MS, signal).catch(() => undefined) // aborted: the loop ends
      }
    }
  }

  return {
    push(about, prepare) {
      if (queue.length >= MAX_QUEUED || signal.aborted) return
      queue.push({ about, prepare })
      drain()
    },
  }
}
