// How long a node waits for the answer of another: here it asks itself, on loopback addresses.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PathProbe } from '../../src/agent/network/reach/path-probe.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'

const WAIT_MS = 20
/** The real one, but that answers are due sooner. */
const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms < 1_000 ? ms : WAIT_MS, run) }
const own = { nodeIP: '127.0.0.1', podCIDR: '127.9.1.0/24' }
const probe = new PathProbe({ ...own, clock })
beforeAll(() => probe.start())
afterAll(() => probe[Symbol.asyncDispose]())

it('hears an answer that came while it was not let run', async () => {
  const reached = probe.reaches({ ...own, isTunnelled: false })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * WAIT_MS)
  expect(await reached).toBe(true)
})

it('gives up where nobody answers', async () => {
  expect(await probe.reaches({ nodeIP: '127.0.0.1', podCIDR: '127.9.2.0/24', isTunnelled: false })).toBe(false)
})
