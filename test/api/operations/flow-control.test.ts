// Priority and fairness: requests are sorted into flows, and who floods the server waits behind the others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { belongsTo, byPrecedence } from '../../../src/main/apiserver/chain/flow-control/classify.ts'
import { FLOW_SCHEMAS } from '../../../src/main/apiserver/chain/flow-control/objects.ts'
import { PriorityLevel } from '../../../src/main/apiserver/chain/flow-control/priority-level.ts'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { parseRequestInfo } from '../../../src/main/apiserver/http/request-info.ts'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { FlowSchema, PriorityLevelConfiguration } from '../../../src/shared/api/flowcontrol/v1.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { CONFIG_MAPS, PODS, raw } from '../core/support/raw.ts'

const schemas = FLOW_SCHEMAS as unknown as FlowSchema[]
const request = (method: string, path: string, name: string, groups: string[]) => ({
  ...parseRequestInfo(method, path, new URLSearchParams()),
  user: { name, groups: [...groups, 'system:authenticated'] },
})

describe('the schemas of every cluster', () => {
  const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x'
  test.each([
    ['an admin', request('GET', '/api/v1/pods', 'ana', ['system:masters']), 'exempt'],
    ['a probe', request('GET', '/readyz', 'x', []), 'probes'],
    ['the scheduler’s lease', request('PUT', LEASE, 'system:kube-scheduler', []), 'system-leader-election'],
    ['an operator’s lease', request('PUT', LEASE.replace('kube-system', 'ops'), 'system:serviceaccount:ops:op', []), 'service-accounts'],
    ['a node about itself', request('PATCH', '/api/v1/nodes/box/status', 'system:node:box', ['system:nodes']), 'system-node-high'],
    ['a node about pods', request('GET', '/api/v1/pods', 'system:node:box', ['system:nodes']), 'system-nodes'],
    ['the scheduler', request('GET', '/api/v1/pods', 'system:kube-scheduler', []), 'kube-scheduler'],
    ['a controller', request('GET', '/api/v1/pods', 'system:serviceaccount:kube-system:job-controller', ['system:serviceaccounts']), 'kube-system-service-accounts'],
    ['a workload', request('GET', '/api/v1/pods', 'system:serviceaccount:shop:web', ['system:serviceaccounts']), 'service-accounts'],
    ['a person', request('GET', '/api/v1/pods', 'ana', []), 'global-default'],
    ['a path', request('GET', '/metrics', 'ana', []), 'global-default'],
  ])('sort %s', (_who, at, expected) => {
    const all = at.user.name.startsWith('system:serviceaccount') && !at.user.groups.includes('system:serviceaccounts') ? { ...at, user: { ...at.user, groups: [...at.user.groups, 'system:serviceaccounts'] } } : at
    expect([...schemas].sort(byPrecedence).find(schema => belongsTo(schema, all))?.metadata.name).toBe(expected)
  })
}) // prettier-ignore

describe('a priority level', () => {
  const configuration = (limitResponse: object) =>
    ({
      metadata: { name: 'l', uid: 'u' },
      spec: { type: 'Limited', limited: { limitResponse } },
    }) as unknown as PriorityLevelConfiguration
  const queuing = (queues: number, handSize: number, queueLengthLimit: number) =>
    configuration({ type: 'Queue', queuing: { queues, handSize, queueLengthLimit } })
  function level(
    given: PriorityLevelConfiguration,
    seats: number,
    clock = new ManualClock(0),
    mayBorrow = () => false,
  ) {
    const made = new PriorityLevel('l', clock, mayBorrow)
    made.configure(given, seats)
    const order: string[] = []
    const ends: (() => void)[] = []
    const ask = async (flow: string, signal = new AbortController().signal) => {
      const taking = made.take(() => flow, { signal })
      const leave = taking instanceof Promise ? await taking : taking
      order.push(flow)
      await new Promise<void>(resolve => ends.push(resolve))
      leave()
    }
    const finishOne = async () => {
      ends.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
    return { made, ask, order, finishOne }
  }

  test('works on as many requests as it has seats, and turns others away where there is no queue', async () => {
    const { ask, finishOne } = level(configuration({ type: 'Reject' }), 2)
    const first = [ask('a'), ask('a')]
    const refused = await ask('a').catch((error: ApiError) => error)
    expect(refused).toMatchObject({ code: 429, status: { details: { retryAfterSeconds: 1 } } })
    await finishOne()
    void ask('a')
    await finishOne()
    await Promise.all(first)
  })

  test('lets a quiet flow pass one that floods it', async () => {
    const { ask, order, finishOne } = level(queuing(64, 4, 50), 1)
    const flood = Array.from({ length: 20 }, () => ask('flood'))
    const quiet = [ask('quiet'), ask('quiet')]
    for (let i = 0; i < 22; i++) await finishOne()
    await Promise.all([...flood, ...quiet])
    expect(order.lastIndexOf('quiet')).toBeLessThan(12)
  })

  test('turns a flow away when its queues are full, or when its turn does not come in time', async () => {
    const clock = new ManualClock(0)
    const { made, ask, finishOne } = level(queuing(1, 1, 2), 1, clock)
    const running = ask('a')
    const waiting = [ask('a'), ask('a')].map(each => each.catch((error: ApiError) => error.code))
    expect(await ask('a').catch((error: ApiError) => error.code)).toBe(429)
    await clock.advance(15_000)
    expect(await Promise.all(waiting)).toEqual([429, 429])
    expect([made.executing, made.waiting, made.rejectedCount]).toEqual([1, 0, 3])
    await finishOne()
    await running
  })

  test('takes seats that others lend, as long as they do, and up to its own limit', async () => {
    let lent = 2
    const borrows = level(configuration({ type: 'Reject' }), 1, undefined, () => lent-- > 0)
    const taken = [borrows.ask('a'), borrows.ask('a'), borrows.ask('a')]
    await expect(borrows.ask('a')).rejects.toMatchObject({ code: 429 })
    for (let i = 0; i < 3; i++) await borrows.finishOne()
    await Promise.all(taken)
    const proud = {
      metadata: { name: 'l', uid: 'u' },
      spec: { type: 'Limited', limited: { borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } } },
    } as unknown as PriorityLevelConfiguration
    const { ask } = level(proud, 1, undefined, () => true)
    void ask('a')
    await expect(ask('a')).rejects.toMatchObject({ code: 429 })
  })

  test('forgets who goes away while waiting', async () => {
    const { made, ask, finishOne } = level(queuing(1, 1, 2), 1)
    const running = ask('a')
    const gone = new AbortController()
    const waiting = ask('a', gone.signal).catch((error: Error) => error.message)
    gone.abort(new Error('gone'))
    expect(await waiting).toBe('gone')
    expect(made.waiting).toBe(0)
    await finishOne()
    await running
    expect(made.executing).toBe(0)
  })

  test('that is exempt never waits', async () => {
    const exempt = { metadata: { name: 'l', uid: 'u' }, spec: { type: 'Exempt' } } as unknown as PriorityLevelConfiguration // prettier-ignore
    const { ask, order } = level(exempt, 0)
    void ask('a')
    void ask('a')
    expect(order).toHaveLength(2)
  })
})

describe('a server', () => {
  let server: TestApiServer
  beforeAll(async () => {
    server = await startTestApiServer({ priorityAndFairness: true })
    await bootstrapCluster(server.server.context, {
      user: testAdmin,
      network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs: ['10.96.0.0/16'] },
    })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const markOf = async (headers: Record<string, string> = {}) => {
    const answer = await raw(server, CONFIG_MAPS, { headers })
    return [answer.headers['x-kubernetes-pf-flowschema-uid'], answer.headers['x-kubernetes-pf-prioritylevel-uid']]
  }

  test('marks answers with the schema and the level, and follows what is configured', async () => {
    const client = server.clientAs()
    const uidOf = async (type: typeof FlowSchema | typeof PriorityLevelConfiguration, name: string) =>
      (await client.get<FlowSchema | PriorityLevelConfiguration>(type, { name })).metadata.uid
    expect(await markOf()).toEqual([
      await uidOf(FlowSchema, 'exempt'),
      await uidOf(PriorityLevelConfiguration, 'exempt'),
    ])
    await client.create(PriorityLevelConfiguration, {
      metadata: { name: 'mine' },
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
    })
    await client.create(FlowSchema, {
      metadata: { name: 'mine' },
      spec: {
        priorityLevelConfiguration: { name: 'mine' },
        matchingPrecedence: 2,
        rules: [{ subjects: [{ kind: 'User', user: { name: 'bob' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/version'] }] }],
      },
    }) // prettier-ignore
    await client.create(FlowSchema, {
      metadata: { name: 'lost' },
      spec: { priorityLevelConfiguration: { name: 'nowhere' }, matchingPrecedence: 2 },
    })
    await markOf()
    const dangling = async (name: string) =>
      (await client.get(FlowSchema, { name })).status.conditions?.map(({ type, status }) => `${type}=${status}`)
    await eventually(async () => {
      expect(await dangling('mine')).toEqual(['Dangling=False'])
      expect(await dangling('lost')).toEqual(['Dangling=True'])
    })
  })

  test('lets a level that is full use what others do not need', async () => {
    const held: (() => void)[] = []
    const slow: SubresourceHandler = {
      group: '',
      resource: 'pods',
      subresource: 'held',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      methods: { GET: 'get' },
      handle: () => new Promise(resolve => held.push(() => resolve({ code: 200, object: {} }))),
    }
    await using small = await startTestApiServer({
      priorityAndFairness: true,
      limits: { reading: 12, mutating: 12 },
      subresources: [slow],
      authorizers: [{ authorize: () => ({ decision: 'allow' }) }],
    })
    await bootstrapCluster(small.server.context, {
      user: testAdmin,
      network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs: ['10.96.0.0/16'] },
    })
    // Two seats of 24 are global-default's own; most of workload-low's ten are to be lent.
    const person = small.server.transport({ name: 'ana', groups: ['system:authenticated'] })
    const asked = Array.from({ length: 10 }, () => person.request({ method: 'GET', path: `${PODS}/p/held` }))
    await eventually(() => expect(held).toHaveLength(10))
    for (const end of held) end()
    await Promise.all(asked)
  })

  test('keeps its mandatory levels in mind when somebody deletes them', async () => {
    await server.clientAs().delete(FlowSchema, { name: 'exempt' })
    await server.clientAs().delete(PriorityLevelConfiguration, { name: 'exempt' })
    expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
  })

  test('tells its levels in its metrics', async () => {
    const { text } = await raw(server, '/metrics')
    expect(text).toMatch(/apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} \d+/)
    expect(text).toMatch(/apiserver_flowcontrol_dispatched_requests_total\{priority_level="exempt"\} [1-9]/)
  })
})
