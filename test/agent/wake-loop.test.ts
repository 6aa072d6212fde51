import { describe, expect, test } from 'vitest'
import { WakeLoop } from '../../src/agent/kubelet/sync/wake-loop.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A loop whose passes fail while `isBroken`; each of them nudges it, as containers that come and go do. */
function start() {
  const clock = new ManualClock()
  const state = { passes: 0, isBroken: false }
  const loop: WakeLoop = new WakeLoop({
    clock,
    pass: async () => {
      state.passes++
      if (state.passes < 100 && state.isBroken) {
        loop.nudge()
        throw new Error('broken')
      }
    },
    onError: () => undefined,
  })
  return { clock, loop, state }
}

describe('the loop of a pod', () => {
  test('is woken by what happens to the containers', async () => {
    const { clock, loop, state } = start()
    loop.nudge()
    await clock.advance(0)
    expect(state.passes).toBe(1)
  })

  test('repeats a pass that failed after 2, 4, 8 seconds, whatever that pass has stirred up', async () => {
    const { clock, loop, state } = start()
    state.isBroken = true
    loop.wake()
    const after = []
    for (const seconds of [0, 1, 1, 3, 1, 7, 1]) {
      await clock.advance(seconds * 1000)
      loop.nudge()
      await clock.advance(0)
      after.push(state.passes)
    }
    expect(after).toEqual([1, 1, 2, 2, 3, 3, 4])
  })

  test('does at once what was asked for after a failure, and listens to nudges again once all is well', async () => {
    const { clock, loop, state } = start()
    state.isBroken = true
    loop.wake()
    await clock.advance(0)
    state.isBroken = false
    loop.wake()
    await clock.advance(0)
    expect(state.passes).toBe(2)
    loop.nudge()
    await clock.advance(0)
    expect(state.passes).toBe(3)
  })

  test('runs errands between passes and without one, the last that was asked for; one that fails is not repeated', async () => {
    const { clock, loop, state } = start()
    const done: string[] = []
    const errand = (name: string) => () => {
      done.push(`${name} after ${state.passes}`)
      return name === 'fails' ? Promise.reject(new Error('broken')) : Promise.resolve()
    }
    loop.errand(errand('dropped'))
    loop.errand(errand('alone'))
    await clock.advance(0)
    loop.errand(errand('fails'))
    loop.wake()
    await clock.advance(60_000)
    expect(done).toEqual(['alone after 0', 'fails after 1'])
    expect(state.passes).toBe(1)
    await loop.close()
    loop.errand(errand('too late'))
    await clock.advance(0)
    expect(done).toHaveLength(2)
  })
})
