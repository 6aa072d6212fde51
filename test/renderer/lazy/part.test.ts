import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPart } from '../../../src/renderer/lazy/part.ts'

/** @param failures how often it does not come at first */
function partWith(failures: number, isNewer = false) {
  let asked = 0
  const load = () => (++asked > failures ? Promise.resolve('here') : Promise.reject(new Error(`no ${asked}`)))
  return { asked: () => asked, part: createPart(load, () => Promise.resolve(isNewer)) }
}

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('a part of the window', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is loaded once, whoever asks', async () => {
    const { part, asked } = partWith(0)
    expect(await Promise.all([part.get(), part.get()])).toEqual(['here', 'here'])
    await part.ask()
    expect([part.value.value, asked()]).toEqual(['here', 1])
  })

  it('is asked for again until it comes, after pauses that grow to a bound', async () => {
    const { part, asked } = partWith(20)
    const got = part.get()
    await passed(0)
    expect([asked(), part.missing.value?.times]).toEqual([1, 1])
    await passed(200)
    expect(asked(), 'not at once').toBe(1)
    for (let times = 1; times <= 20; times++) await passed(16_000)
    expect([await got, asked(), part.missing.value]).toEqual(['here', 21, undefined])
  })

  it('is asked for at once by who presses the button, and is there for all who wait', async () => {
    const { part } = partWith(1)
    const got = part.get()
    await passed(0)
    await part.ask()
    expect(part.value.value).toBe('here')
    await passed(500)
    expect(await got).toBe('here')
  })

  it('is not asked for any more when nobody waits', async () => {
    const { part, asked } = partWith(Infinity)
    const ends = new AbortController()
    const got = part.get(ends.signal)
    await passed(0)
    ends.abort(new Error('left'))
    await expect(got).rejects.toThrow('left')
    await passed(60_000)
    expect(asked()).toBe(1)
  })

  it('is given up after as many times as somebody wants to wait, with the reason', async () => {
    const { part } = partWith(Infinity)
    const got = part.get(undefined, 2)
    const outcome = expect(got).rejects.toThrow('no 2')
    await passed(0)
    await passed(500)
    await outcome
  })

  it('is given up at once when the server has another window by now', async () => {
    const { part, asked } = partWith(1, true)
    await expect(part.get()).rejects.toThrow('no 1')
    expect([asked(), part.missing.value?.isGone]).toEqual([1, true])
  })
})
