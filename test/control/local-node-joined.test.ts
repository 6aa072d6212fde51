// What is said of this machine as a node, until it is Ready.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { onceReady } from '../../src/main/local-node/joined.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'

let server: TestApiServer
let clock: ManualClock
let told: string[]
let stop: () => void
const hearers = { ready: () => void told.push('ready'), notReady: (why: string) => void told.push(why) }
beforeEach(async () => {
  server = await startTestApiServer()
  clock = new ManualClock(Date.now())
  told = []
  const client = server.clientAs()
  await client.create(Node, { metadata: { name: 'box' }, spec: {} })
  stop = onceReady(client, 'box', clock, hearers)
})
afterEach(async () => {
  stop()
  await server[Symbol.asyncDispose]()
})

const report = (status: string, message: string) => {
  const conditions = [{ type: 'Ready', status, reason: 'Kubelet', message, lastHeartbeatTime: formatTime(clock.now()) }]
  return server.clientAs().patch(Node, { name: 'box' }, { status: { conditions } }, { subresource: 'status', type: 'merge' }) // prettier-ignore
}
const waits = (count: number) => eventually(() => expect(clock.pending).toBe(count))

test('what it lacks is told once it has stood for ten seconds, once, and then that it joined', async () => {
  await report('False', '[ip is missing. Install the package iproute2., nft is missing. Install the package nftables.]')
  await waits(1)
  await clock.advance(9_999)
  expect(told).toEqual([])
  await clock.advance(1)
  const lacks = 'ip is missing. Install the package iproute2. nft is missing. Install the package nftables.'
  expect(told).toEqual([lacks])
  await report('False', '[ip is missing. Install the package iproute2., nft is missing. Install the package nftables.]')
  await clock.advance(60_000)
  await report('True', 'kubelet is posting ready status')
  await eventually(() => expect(told).toEqual([lacks, 'ready']))
})

test('what passes before that is told to nobody', async () => {
  await report('False', '[network is not ready]')
  await waits(1)
  await report('True', 'kubelet is posting ready status')
  await eventually(() => expect(told).toEqual(['ready']))
  await clock.advance(60_000)
  expect(told).toEqual(['ready'])
})

test('what an agent said before it was refused is not taken for what it says once it is not', async () => {
  await report('True', 'kubelet is posting ready status')
  await eventually(() => expect(told).toEqual(['ready']))
  stop = onceReady(server.clientAs(), 'box', clock, hearers, true)
  await eventually(async () => {
    await clock.advance(1_000)
    await report('False', '[network is not ready]')
    expect(clock.pending).toBe(1)
  })
  expect(told).toEqual(['ready'])
  await report('True', 'kubelet is posting ready status')
  await eventually(() => expect(told).toEqual(['ready', 'ready']))
})
