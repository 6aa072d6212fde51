import { describe, expect, test } from 'vitest'
import { createRateLimiter, createTokenBucket } from '../../../src/shared/client/rate-limiter.ts'
import { WorkQueue } from '../../../src/shared/client/workqueue.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const makeQueue = () => {
  const clock = new ManualClock()
  return { clock, queue: new WorkQueue({ clock, limiter: createRateLimiter(clock) }) }
}

describe('WorkQueue', () => {
  test('take() gives keys in the order in which they were added', async () => {
    const { queue } = makeQueue()
    for (const key of ['b', 'a', 'c']) queue.add(key)
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['b', 'a', 'c'])
  })

  test('add() keeps one entry of a key that waits', async () => {
    const { queue } = makeQueue()
    queue.add('a')
    queue.add('a')
    expect(queue.depth).toBe(1)
  })

  test('add() of a key being processed makes it wait until done(), never in parallel', async () => {
    const { queue } = makeQueue()
    queue.add('a')
    expect(await queue.take()).toBe('a')
    queue.add('a')
    expect(queue.depth).toBe(0)
    queue.done('a')
    expect(queue.depth).toBe(1)
    expect(await queue.take()).toBe('a')
    queue.done('a')
    expect(queue.idle).toBe(true)
  })

  test('tells how long keys waited, from when they were added, and how long those have been that are processed', async () => {
    const clock = new ManualClock()
    const waited: number[] = []
    const queue = new WorkQueue({ clock, limiter: createRateLimiter(clock), onTaken: ms => waited.push(ms) })
    queue.add('a')
    await clock.advance(30)
    queue.add('a')
    await queue.take()
    await clock.advance(5)
    queue.add('a') // waits from now on, though it is processed for a while yet
    queue.add('b')
    await queue.take()
    await clock.advance(10)
    expect(queue.unfinishedMs).toEqual([15, 10])
    queue.done('a')
    expect(await queue.take()).toBe('a')
    const taken = queue.take()
    queue.add('c')
    await taken
    expect(waited).toEqual([30, 0, 10, 0])
    expect(queue.adds).toBe(4)
  })

  test('take() waits for the next key, and two takers get different keys', async () => {
    const { queue } = makeQueue()
    const taken = [queue.take(), queue.take()]
    queue.add('a')
    queue.add('a')
    queue.add('b')
    expect(await Promise.all(taken)).toEqual(['a', 'b'])
  })

  test('addAfter() adds when the time has come; of two delays the earlier counts', async () => {
    const { clock, queue } = makeQueue()
    queue.addAfter('a', 500)
    queue.addAfter('a', 100)
    queue.addAfter('a', 900)
    await clock.advance(99)
    expect(queue.depth).toBe(0)
    await clock.advance(1)
    expect(queue.depth).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('addRateLimited() doubles from 5 ms up to 1000 s, and forget() starts again', () => {
    const clock = new ManualClock()
    const limiter = createRateLimiter(clock)
    expect([1, 2, 3, 4].map(() => limiter.next('a'))).toEqual([5, 10, 20, 40])
    expect(limiter.retries('a')).toBe(4)
    limiter.forget('a')
    expect(limiter.next('a')).toBe(5)
    for (let i = 0; i < 30; i++) limiter.next('b')
    expect(limiter.next('b')).toBe(1_000_000)
  })

  test('a controller may start with a longer wait, which counts for failures alone, and end with a shorter one', () => {
    const limiter = createRateLimiter(new ManualClock(), { baseMs: 1_000, maxMs: 60_000 })
    expect(limiter.next('a', true)).toBe(5)
    expect([limiter.next('a'), limiter.next('a', true), limiter.next('a')]).toEqual([2_000, 20, 8_000])
    for (let i = 0; i < 5; i++) limiter.next('a')
    expect(limiter.next('a')).toBe(60_000)
  })

  test('addRateLimited() is held to ten per second over all keys after a burst of 100', () => {
    const limiter = createRateLimiter(new ManualClock())
    for (let i = 0; i < 100; i++) expect(limiter.next(`key-${i}`)).toBe(5)
    expect(limiter.next('one-more')).toBeCloseTo(100)
    expect(limiter.next('and-one-more')).toBeCloseTo(200)
  })

  test('close() ends takers, timers and additions', async () => {
    const { clock, queue } = makeQueue()
    const taken = queue.take()
    queue.addAfter('a', 100)
    queue.close()
    queue.add('b')
    expect(await taken).toBeUndefined()
    expect(await queue.take()).toBeUndefined()
    expect(clock.pending).toBe(0)
  })
})

describe('createTokenBucket()', () => {
  test('refills with time, never above its burst', async () => {
    const clock = new ManualClock()
    const bucket = createTokenBucket(clock, 2, 2)
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false])
    await clock.advance(500)
    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false])
    await clock.advance(60_000)
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false])
  })
})
