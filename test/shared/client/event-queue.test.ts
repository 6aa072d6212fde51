// Events that are written in the background, a crowd of them together.
import { expect, test } from 'vitest'
import { createEventQueue } from '../../../src/shared/client/event-queue.ts'
import type { Clock } from '../../../src/shared/machinery/clock.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'

/** A clock of which nobody may ask the time over and over. */
class AskedClock extends ManualClock implements Clock {
  asked = 0
  override monotonic(): number {
    if (++this.asked > 1_000) throw new Error('asked for the time over and over')
    return super.monotonic()
  }
}

const crowd = (push: (about: string) => void, size: number) => {
  for (let i = 0; i < size; i++) push(`pod-${i}`)
}

test('a few are written at once, a crowd after a moment together', async () => {
  const clock = new AskedClock()
  const stop = new AbortController()
  const queue = createEventQueue({ clock, signal: stop.signal })
  const written: string[] = []
  crowd(about => queue.push(about, () => () => Promise.resolve(written.push(about))), 40)
  await settle()
  expect(written).toHaveLength(16)
  await clock.advance(200)
  expect(written).toHaveLength(40)
})

test('where it ends while a crowd waits, nothing more is written and nothing goes on', async () => {
  const clock = new AskedClock()
  const stop = new AbortController()
  const queue = createEventQueue({ clock, signal: stop.signal })
  const written: string[] = []
  crowd(about => queue.push(about, () => () => Promise.resolve(written.push(about))), 40)
  await settle()
  const askedBefore = clock.asked
  stop.abort()
  await clock.advance(60_000)
  expect(written).toHaveLength(16)
  expect(clock.asked - askedBefore).toBeLessThan(10)
  expect(clock.pending).toBe(0)
})
