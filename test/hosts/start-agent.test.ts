// When an agent counts as started: its own word that the node is Ready, not that of the agent before it.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StepContext } from '../../src/main/provisioning/steps/contract.ts'
import { createHash } from 'node:crypto'
import { UNIT_TEXT, agentConfig } from '../../src/main/provisioning/steps/configure.ts'
import { startAgent, startUntilReady } from '../../src/main/provisioning/steps/start-agent.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

const LEASE = { namespace: 'kube-node-lease', name: 'box' }
let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  await api.clientAs().create(Node, { metadata: { name: 'box' }, spec: {} })
  await api.clientAs().create(Lease, { metadata: LEASE, spec: { holderIdentity: 'box' } })
})
afterAll(() => api?.[Symbol.asyncDispose]())
beforeEach(() => say('True', '2026-01-01T00:00:00Z'))

const renew = (renewTime: string) => api.clientAs().patch(Lease, LEASE, { spec: { renewTime } })
const say = (status: string, lastHeartbeatTime: string, machineID = 'one') => {
  const conditions = [{ type: 'Ready', status, lastHeartbeatTime, reason: 'KubeletReady', message: '' }]
  const patch = { status: { nodeInfo: { machineID }, conditions } }
  return api.clientAs().patch(Node, { name: 'box' }, patch, { subresource: 'status' })
}

const LOOKS_BETWEEN = 3

/** @returns how many of these came to pass before the agent counted as started, with several looks at it in between */
async function startedAfter(...events: (() => Promise<unknown>)[]): Promise<number> {
  const client = api.clientAs()
  let [happened, looks, hasStarted] = [0, 0, false]
  const get: typeof client.get = async (...given) => {
    const event = events[happened]
    if (hasStarted && event && ++looks % LOOKS_BETWEEN === 0) {
      await event()
      happened++
    }
    return client.get(...given)
  }
  const parts: Partial<StepContext> = {
    client: Object.assign(Object.create(client) as typeof client, { get }),
    clock: systemClock,
    nodeName: 'box',
    signal: new AbortController().signal,
    facts: { machineID: 'one', flotilla: { did: new Set(['identity']) } } as unknown as StepContext['facts'],
    progress: { output: () => undefined, percent: () => undefined, sent: () => undefined },
    ssh: {
      must: (script: string) => {
        if (script.endsWith('\nstart')) hasStarted = true
        return Promise.resolve('0')
      },
    } as unknown as StepContext['ssh'],
  }
  await startUntilReady(parts as StepContext, 'starting the agent', 'start')
  return happened
}

test('a renewed Lease beside a Ready of the agent before says nothing of the new one', async () => {
  const count = await startedAfter(
    () => renew('2026-01-01T00:00:05.000000Z'),
    () => say('False', '2026-01-01T00:00:06Z'),
    () => say('True', '2026-01-01T00:00:07Z'),
    () => renew('2026-01-01T00:00:08.000000Z'),
  )
  expect(count).toBe(3)
})

test('a Ready that is said again is the new agent’s', async () => {
  const count = await startedAfter(
    () => renew('2026-01-01T00:01:05.000000Z'),
    () => say('True', '2026-01-01T00:01:06Z'),
    () => renew('2026-01-01T00:01:08.000000Z'),
  )
  expect(count).toBe(2)
})

test('a node of that name on another machine is not it', async () => {
  const count = await startedAfter(
    () => say('True', '2026-01-01T00:02:00Z', 'another'),
    () => say('True', '2026-01-01T00:02:01Z', 'one'),
    () => renew('2026-01-01T00:02:08.000000Z'),
  )
  expect(count).toBe(2)
})

/** Of a host on which all is as this version has it, but what is told. */
function working(did: readonly string[], host: object, ran: string[]): StepContext {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex')
  const progress = { output: () => undefined, percent: () => undefined, sent: () => undefined }
  const context = {
    client: api.clientAs(),
    clock: systemClock,
    nodeName: 'box',
    apiPort: 16443,
    host: { metadata: { name: 'box' }, spec: host },
    cluster: { servers: [], clusterCIDRs: [], serviceCIDRs: [], clusterDNSs: [] },
    signal: new AbortController().signal,
    files: { bundle: () => Promise.resolve({ id: 'b' }), runtime: () => Promise.resolve({ id: 'r' }) },
    progress,
    ssh: { must: (script: string) => Promise.resolve(void ran.push(script)) },
  } as unknown as StepContext
  const flotilla = { unitHash: sum(UNIT_TEXT), currentBundle: 'b', currentRuntime: 'r', did: new Set(did) }
  const facts = { machineID: 'one', address: '', active: new Set(['flotilla-agent']), flotilla }
  const whole = { ...context, facts } as unknown as StepContext
  return { ...whole, facts: { ...whole.facts, flotilla: { ...whole.facts.flotilla, configHash: sum(agentConfig(whole)) } } } // prettier-ignore
}

test('an agent that works is left alone; that it starts with the host, and labels that came later, are seen to', async () => {
  const spec = { address: 'box', labels: { tier: 'front' }, roles: ['web'] }
  const ran: string[] = []
  const lacking = working([], spec, ran)
  expect((await startAgent.plan(lacking)).map(String)).toEqual([
    'have the agent start at every boot',
    'label the node: tier=front, node-role.kubernetes.io/web=',
  ])
  await startAgent.apply(lacking)
  expect(ran.join()).toContain('systemctl enable flotilla-agent.service')
  expect(ran.join()).not.toContain('restart')
  const { labels } = (await api.clientAs().get(Node, { name: 'box' })).metadata
  expect(labels).toMatchObject({ tier: 'front', 'node-role.kubernetes.io/web': '' })
  expect(await startAgent.plan(working(['boot'], spec, ran))).toEqual([])
})
