import { expect, test } from 'vitest'
import { SharedTimer } from '../../src/shared/machinery/shared-timer.ts'
import { ManualClock } from '../support/manual-clock.ts'

function timerOf(delayMs: number) {
  const clock = new ManualClock()
  const timer = new SharedTimer(clock, delayMs)
  const rang: string[] = []
  return { clock, rang, start: (name: string) => timer.after(() => rang.push(`${name} at ${clock.monotonic()}`)) }
}

test('each call comes after the full time, in the order in which they were asked for', async () => {
  const { clock, rang, start } = timerOf(1_000)
  start('first')
  start('second')
  await clock.advance(600)
  start('third')
  await clock.advance(399)
  expect(rang).toEqual([])
  await clock.advance(5_000)
  expect(rang).toEqual(['first at 1000', 'second at 1000', 'third at 1600'])
})

test('a cancelled call does not come, also when another of the same moment cancels it', async () => {
  const { clock, rang, start } = timerOf(1_000)
  const cancelFirst = start('first')
  const timer = new SharedTimer(clock, 1_000)
  let cancelLast: () => void = () => undefined
  timer.after(() => cancelLast())
  cancelLast = timer.after(() => rang.push('last'))
  cancelFirst()
  start('second')
  await clock.advance(2_000)
  expect(rang).toEqual(['second at 1000'])
})

/** One, and one of whoever looks whether the clock stood still. */
const ONE_TIMER = 2

test('all that wait take one timer, and nothing is left when they have rung', async () => {
  const { clock, rang, start } = timerOf(1_000)
  for (let i = 0; i < 100; i++) {
    const cancel = start(`cancelled ${i}`)
    await clock.advance(1)
    expect(clock.pending).toBe(ONE_TIMER)
    cancel()
  }
  start('kept')
  expect(clock.pending).toBe(ONE_TIMER)
  await clock.advance(10_000)
  expect(rang).toEqual(['kept at 1100'])
  expect(clock.pending).toBe(0)
})

test('what rings may start the next one', async () => {
  const clock = new ManualClock()
  const timer = new SharedTimer(clock, 1_000)
  const rang: number[] = []
  const again = () => {
    rang.push(clock.monotonic())
    if (rang.length < 3) timer.after(again)
  }
  timer.after(again)
  await clock.advance(10_000)
  expect(rang).toEqual([1_000, 2_000, 3_000])
})

test('what rings may start the next one while others wait, and all of them still take one timer', async () => {
  const clock = new ManualClock()
  const timer = new SharedTimer(clock, 1_000)
  const rang: string[] = []
  const start = (name: string) => timer.after(() => rang.push(`${name} at ${clock.monotonic()}`))
  timer.after(() => start('started'))
  await clock.advance(500)
  start('waiting')
  await clock.advance(500)
  expect(clock.pending).toBe(ONE_TIMER)
  await clock.advance(10_000)
  expect(rang).toEqual(['waiting at 1500', 'started at 2000'])
})

test('one that fails when it rings takes no other along', async () => {
  const clock = new ManualClock()
  const timer = new SharedTimer(clock, 1_000)
  const rang: string[] = []
  timer.after(() => {
    throw new Error('failed')
  })
  timer.after(() => rang.push('same moment'))
  await clock.advance(500)
  timer.after(() => rang.push('later'))
  await clock.advance(5_000).catch(() => undefined)
  await clock.advance(5_000).catch(() => undefined)
  expect(rang).toEqual(['same moment', 'later'])
})
