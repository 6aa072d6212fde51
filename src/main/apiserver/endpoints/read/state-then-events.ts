// What a watch sends: first the state that it began with, then what happens.
import type { Frame } from '../../request.ts'

type Batches = AsyncIterator<readonly Frame[], undefined>

/**
 * Not a generator around both: each event of each watcher would pay for it.
 * @param stop called when the state cannot be sent, and when nobody wants more
 */
export function stateThenEvents(state: Batches, events: Batches, stop: () => void): AsyncIterable<readonly Frame[]> {
  let isSent = false
  const nextOfState: Batches['next'] = async () => {
    try {
      const batch = await state.next()
      if (!batch.done) return batch
    } catch (error) {
      stop()
      throw error
    }
    isSent = true
    return events.next()
  }
  const end = () => {
    stop()
    return Promise.resolve({ done: true as const, value: undefined })
  }
  return { [Symbol.asyncIterator]: () => ({ next: () => (isSent ? events.next() : nextOfState()), return: end }) }
}
