// What a node tells of itself beside its health, against the real API server.
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NOT_KNOWN_YET } from '../../src/agent/kubelet/node/conditions.ts'
import { machineFacts } from '../../src/agent/kubelet/node/machine.ts'
import { NodeReporter, type NodeReporterOptions } from '../../src/agent/kubelet/node/node-status.ts'
import { DockerRuntime } from '../../src/agent/kubelet/runtime/docker/docker-runtime.ts'
import type { WireguardState } from '../../src/agent/network/contract.ts'
import { WIREGUARD_ANNOTATION } from '../../src/agent/network/wireguard/identity.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'

let api: TestApiServer
let wireguard: WireguardState | typeof NOT_KNOWN_YET | undefined
let newReporter: (more: Partial<NodeReporterOptions>) => NodeReporter
let reporter: NodeReporter
const { signal } = new AbortController()

beforeAll(async () => {
  api = await startTestApiServer()
  const runtime = await DockerRuntime.connect({ socketPath: '/var/run/docker.sock', instance: 'report', clock: systemClock }) // prettier-ignore
  const [engine, machine] = await Promise.all([runtime.version(), machineFacts()])
  const options: NodeReporterOptions = {
    client: api.clientAs(),
    runtime,
    engine,
    machine,
    nodeName: 'n1',
    nodeIPs: ['192.0.2.1'],
    labels: {},
    annotations: { kept: 'as it is' },
    taints: [],
    version: 'v1.36.0',
    diskPath: tmpdir(),
    problems: () => [],
    pressures: () => new Set(),
    volumesInUse: () => [],
    relayed: () => [],
    wireguard: () => wireguard,
    recorder: { event: () => undefined },
    clock: systemClock,
    log: silentLog,
  }
  newReporter = more => new NodeReporter({ ...options, ...more })
  reporter = newReporter({})
})
afterAll(() => api[Symbol.asyncDispose]())

/** @returns the annotation and the condition's status and reason, after a report */
async function told(state: typeof wireguard) {
  wireguard = state
  await reporter.report(signal)
  const { metadata, status } = await api.clientAs().get(Node, { name: 'n1' })
  const condition = status.conditions?.find(({ type }) => type === 'WireGuard')
  expect(metadata.annotations).toMatchObject({ kept: 'as it is' })
  return [metadata.annotations?.[WIREGUARD_ANNOTATION], condition?.status, condition?.reason]
}

it('tells its end of the encrypted tunnel while there is one, and takes it back', async () => {
  expect(await told(undefined)).toEqual([undefined, undefined, undefined])
  expect(await told({ annotation: 'one', withoutKey: ['n2'] })).toEqual(['one', 'False', 'NodesWithoutKey'])
  expect(await told({ annotation: 'two', withoutKey: [] })).toEqual(['two', 'True', 'PodTrafficEncrypted'])
  // An agent that starts again: others must not take its node for one without a key meanwhile.
  expect(await told(NOT_KNOWN_YET)).toEqual(['two', 'True', 'PodTrafficEncrypted'])
  expect(await told(undefined)).toEqual([undefined, 'False', 'NotInUse'])
})

it('offers what others add to its capacity, and what it offers itself beside it', async () => {
  const client = api.clientAs()
  const node = async () => (await client.get(Node, { name: 'n1' })).status
  const count = (dongles: string | null) =>
    client.patch(
      Node,
      { name: 'n1' },
      { status: { capacity: { 'example.com/dongle': dongles } } },
      { subresource: 'status' },
    )
  await reporter.report(signal)
  const before = (await node()).allocatable
  expect(before).not.toHaveProperty('example.com/dongle')
  await count('4')
  await reporter.report(signal)
  expect((await node()).allocatable).toEqual({ ...before, 'example.com/dongle': '4' })
  await count('2')
  await reporter.report(signal)
  expect((await node()).allocatable).toMatchObject({ 'example.com/dongle': '2' })
  await count(null)
  await reporter.report(signal)
  expect((await node()).allocatable).toEqual(before)
})

it('declares what the API server may ask of it', async () => {
  await reporter.report(signal)
  const { status } = await api.clientAs().get(Node, { name: 'n1' })
  expect(status.declaredFeatures).toContain('InPlacePodLevelResourcesVerticalScaling')
})

it('lets stand what was told of the node while the agent starts, and says it again afterwards', async () => {
  const client = api.clientAs()
  const ready = async () => (await client.get(Node, { name: 'n1' })).status.conditions?.find(({ type }) => type === 'Ready') // prettier-ignore
  let isStarting = true
  const starting = newReporter({ isStarting: () => isStarting })
  const first = newReporter({ nodeName: 'n2', isStarting: () => isStarting })
  const old = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'of the agent before' }
  await client.patch(Node, { name: 'n1' }, { status: { conditions: [old] } }, { subresource: 'status' })
  await starting.report(signal)
  expect(await ready()).toMatchObject(old)
  isStarting = false
  await starting.report(signal)
  expect(await ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' })
  // Of a new node nothing was told before.
  isStarting = true
  await first.report(signal)
  expect((await client.get(Node, { name: 'n2' })).status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' })) // prettier-ignore
})
