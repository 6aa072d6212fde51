// How long a node waits for the answer of another: here it asks itself, on loopback addresses.
import { createSocket, type RemoteInfo } from 'node:dgram'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PathProbe } from '../../src/agent/network/reach/path-probe.ts'
import { PROBE_PORT } from '../../src/agent/network/names.ts'
import { Reachability } from '../../src/agent/network/reach/reachability.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { ManualClock } from '../support/manual-clock.ts'

const WAIT_MS = 20
/** The real one, but that answers are due sooner. */
const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms === 1_000 ? WAIT_MS : ms, run) }
const own = { nodeIP: '127.0.0.1', podCIDR: '127.9.1.0/24' }
const probe = new PathProbe({ ...own, clock })
beforeAll(() => probe.start())
afterAll(() => probe[Symbol.asyncDispose]())

it('hears an answer that came while it was not let run', async () => {
  const reached = probe.reaches({ ...own, isTunnelled: false })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * WAIT_MS)
  expect(await reached).toBe(true)
})

it('tells of an answer that comes too late: the way is open', async () => {
  const { promise, resolve } = deferred()
  const other = createSocket('udp4')
  await new Promise<void>(bound => other.bind(PROBE_PORT, '127.9.3.255', bound))
  const question = new Promise<[Buffer, RemoteInfo]>(heard => other.once('message', (...all) => heard(all)))
  expect(await probe.reaches({ nodeIP: '127.0.0.1', podCIDR: '127.9.3.0/24', isTunnelled: false }, resolve)).toBe(false)
  const [message, from] = await question
  message[8] = 2 // the same as an answer
  other.send(message, from.port, from.address)
  await promise
  other.close()
})

it('gives up where nobody answers', async () => {
  expect(await probe.reaches({ nodeIP: '127.0.0.1', podCIDR: '127.9.2.0/24', isTunnelled: false })).toBe(false)
})

it('a node is relayed after three silent looks in a row, and not while late answers come', async () => {
  const manual = new ManualClock()
  const asked: (() => void)[] = []
  const dialled: string[] = []
  const reachability = new Reachability({
    peers: () => new Map([['node2', { nodeIP: '192.0.2.2', podCIDR: '10.244.2.0/24', isTunnelled: false }]]),
    reaches: (_nodeName, _target, late) => Promise.resolve(asked.push(late) < 0),
    relay: { add: () => undefined, close: () => undefined, hasOpened: () => false },
    dial(name) {
      dialled.push(name)
      return Promise.reject(new Error('no way'))
    },
    clock: manual,
    log: silentLog,
  })
  const look = async () => {
    await manual.advance(2_000)
    return dialled.length
  }
  for (let i = 0; i < 4; i++) {
    expect([await look(), await look()]).toEqual([0, 0])
    asked.pop()?.() // the other agent was late by more than a look
  }
  expect([await look(), await look(), await look()]).toEqual([0, 0, 1])
  reachability[Symbol.dispose]()
})
