// Priority and fairness: requests are sorted into flows, and who floods the server waits behind the others.
import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { belongsTo, byPrecedence } from '../../../src/main/apiserver/chain/flow-control/classify.ts'
import { FlowCounts } from '../../../src/main/apiserver/chain/flow-control/flow-counts.ts'
import { FLOW_SCHEMAS } from '../../../src/main/apiserver/chain/flow-control/objects.ts'
import { PriorityLevel } from '../../../src/main/apiserver/chain/flow-control/priority-level.ts'
import { WatchCounts } from '../../../src/main/apiserver/chain/flow-control/watch-counts.ts'
import { estimateWork, type WorkEstimate } from '../../../src/main/apiserver/chain/flow-control/work-estimate.ts'
import { parseFieldSelector } from '../../../src/shared/machinery/selectors.ts'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { parseRequestInfo } from '../../../src/main/apiserver/http/request-info.ts'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { FlowSchema, PriorityLevelConfiguration } from '../../../src/shared/api/flowcontrol/v1.ts'
import { ConfigMap } from '../../../src/shared/api/core/v1.ts'
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
  const ONE: WorkEstimate = { seats: 1, finalSeats: 0, finalMs: 0 }
  const at = request('GET', '/api/v1/pods', 'ana', [])
  function level(given: PriorityLevelConfiguration, seats: number, clock = new ManualClock(0), spare = () => 0) {
    const made = new PriorityLevel('l', clock, { spareFor: spare, freed: () => undefined })
    made.configure(given, seats)
    const counts = new FlowCounts('l', 's')
    const order: string[] = []
    const ends: (() => void)[] = []
    const ask = async (flow: string, { work = ONE, signal = new AbortController().signal } = {}) => {
      const taking = made.take({ counts, flow: () => flow, work, at, request: { signal } })
      const leave = taking instanceof Promise ? await taking : taking
      order.push(flow)
      await new Promise<void>(resolve => ends.push(resolve))
      leave()
    }
    const finishOne = async () => {
      ends.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
    return { made, counts, ask, order, finishOne }
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

  test('tells those whom it turns away to wait the longer the more of them come, and less once few do', async () => {
    const clock = new ManualClock(0)
    const { ask } = level(configuration({ type: 'Reject' }), 1, clock)
    void ask('a')
    const told = async (count: number) => {
      const refused = await Promise.all(Array.from({ length: count }, () => ask('a').catch((error: ApiError) => error)))
      return [...new Set(refused.map(error => (error as ApiError).status.details?.retryAfterSeconds))]
    }
    const crowds: unknown[] = []
    for (let second = 0; second < 80; second++) {
      crowds.push(...(await told(100)))
      await clock.advance(1000)
    }
    expect([...new Set(crowds)]).toEqual([1, 2, 4, 8, 16, 32])
    // Somebody sets the clock back.
    clock.sleep(-3_600_000)
    const few: unknown[] = []
    for (let second = 0; second < 65; second++) {
      few.push(...(await told(1)))
      await clock.advance(2000)
    }
    expect([few.at(-1), few.includes(20)]).toEqual([1, true])
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
    expect([made.executing, made.waiting, made.rejected]).toEqual([
      1,
      0,
      { 'concurrency-limit': 0, 'queue-full': 1, 'time-out': 2, cancelled: 0 },
    ])
    await finishOne()
    await running
  })

  test('takes seats that others lend, as long as they do, and up to its own limit', async () => {
    let lent = 2
    const borrows = level(configuration({ type: 'Reject' }), 1, undefined, () => lent--)
    const taken = [borrows.ask('a'), borrows.ask('a'), borrows.ask('a')]
    await expect(borrows.ask('a')).rejects.toMatchObject({ code: 429 })
    for (let i = 0; i < 3; i++) await borrows.finishOne()
    await Promise.all(taken)
    const proud = {
      metadata: { name: 'l', uid: 'u' },
      spec: { type: 'Limited', limited: { borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } } },
    } as unknown as PriorityLevelConfiguration
    const { ask } = level(proud, 1, undefined, () => 1)
    void ask('a')
    await expect(ask('a')).rejects.toMatchObject({ code: 429 })
  })

  test('forgets who goes away while waiting', async () => {
    const { made, ask, finishOne } = level(queuing(1, 1, 2), 1)
    const running = ask('a')
    const gone = new AbortController()
    const waiting = ask('a', { signal: gone.signal }).catch((error: Error) => error.message)
    gone.abort(new Error('gone'))
    expect(await waiting).toBe('gone')
    expect(made.waiting).toBe(0)
    await finishOne()
    await running
    expect(made.executing).toBe(0)
  })

  test('gives a wide request as many seats as it wants, and has those behind it wait until they are free', async () => {
    const { made, ask, order, finishOne } = level(queuing(1, 1, 9), 4)
    const wide = { work: { ...ONE, seats: 3 } }
    const all = [ask('one'), ask('two'), ask('wide', wide), ask('three')]
    expect([order, made.seatsInUse, made.waiting]).toEqual([['one', 'two'], 2, 2])
    await finishOne()
    expect([order, made.seatsInUse]).toEqual([['one', 'two', 'wide', 'three'].slice(0, 3), 4])
    await finishOne()
    expect(order).toEqual(['one', 'two', 'wide', 'three'])
    await finishOne()
    await finishOne()
    await Promise.all(all)
    expect(made.seatsInUse).toBe(0)
  })

  test('lets what is wider than itself run alone', async () => {
    const { made, ask, order, finishOne } = level(queuing(1, 1, 9), 2)
    const all = [ask('wide', { work: { ...ONE, seats: 10 } }), ask('narrow')]
    expect([order, made.seatsInUse]).toEqual([['wide'], 10])
    await finishOne()
    expect(order).toEqual(['wide', 'narrow'])
    await finishOne()
    await Promise.all(all)
  })

  test('keeps the seats of a change while its watchers are told, though the client has its answer', async () => {
    const clock = new ManualClock(0)
    const { made, ask, order, finishOne } = level(queuing(1, 1, 9), 3, clock)
    const change = ask('change', { work: { seats: 1, finalSeats: 2, finalMs: 15 } })
    expect(made.seatsInUse).toBe(2)
    await finishOne()
    await change
    expect([made.executing, made.seatsInUse]).toEqual([0, 2])
    const waiting = ask('wide', { work: { ...ONE, seats: 2 } })
    await clock.advance(14)
    expect(order).toEqual(['change'])
    await clock.advance(1)
    expect(order).toEqual(['change', 'wide'])
    await finishOne()
    await waiting
    expect(clock.pending).toBe(0)
  })

  test('that is ended leaves no timer behind', async () => {
    const clock = new ManualClock(0)
    const { made, ask, finishOne } = level(queuing(1, 1, 9), 3, clock)
    void ask('change', { work: { seats: 1, finalSeats: 2, finalMs: 15 } })
    await finishOne()
    expect(clock.pending).toBe(1)
    made[Symbol.dispose]()
    expect(clock.pending).toBe(0)
  })

  test('counts what became of its requests, by schema', async () => {
    const clock = new ManualClock(0)
    const { counts, ask, finishOne } = level(queuing(1, 1, 1), 1, clock)
    const done = [ask('a'), ask('a')]
    await ask('a').catch(() => undefined)
    const { executing, waiting, waitingSeats, dispatched } = counts
    expect({ executing, waiting, waitingSeats, dispatched }).toEqual({ executing: 1, waiting: 1, waitingSeats: 1, dispatched: 1 })
    await clock.advance(2_000)
    await finishOne()
    await finishOne()
    await Promise.all(done)
    expect([counts.executing, counts.executingSeats, counts.waiting, counts.dispatched]).toEqual([0, 0, 0, 2])
    expect([...counts.rejected]).toEqual([['queue-full', 1]])
    const waited = counts.executedAfter.samples('w', {})
    expect(waited.find(({ labels }) => labels['le'] === 1)?.value).toBe(0)
    expect(waited.find(({ labels }) => labels['le'] === 2)?.value).toBe(1)
  }) // prettier-ignore

  test('that is exempt never waits', async () => {
    const exempt = { metadata: { name: 'l', uid: 'u' }, spec: { type: 'Exempt' } } as unknown as PriorityLevelConfiguration // prettier-ignore
    const { ask, order } = level(exempt, 0)
    void ask('a')
    void ask('a')
    expect(order).toHaveLength(2)
  })
})

describe('a request is reckoned to take', () => {
  const STORED = { count: 1000, averageBytes: 2_000 }
  const estimate = (
    [method, path, query = '']: readonly [string, string, string?],
    { stored = STORED as typeof STORED | 'elsewhere', watchers = 0, most = 0 } = {},
  ) => {
    const given = new URLSearchParams(query)
    const selector = given.get('fieldSelector')
    const fieldSelector = selector ? parseFieldSelector(selector) : []
    const name = fieldSelector.find(({ field }) => field === 'metadata.name')?.value
    const at = { ...parseRequestInfo(method, path, given), user: { name: 'ana', groups: [] } }
    return estimateWork(name ? { ...at, name } : at, given, { stored: () => (stored === 'elsewhere' ? undefined : stored), watchers: () => watchers }, most)
  }
  const LIST = ['GET', '/api/v1/pods'] as const
  const WATCH = 'watch=1&resourceVersion'

  test.each<[string, Parameters<typeof estimate>, number]>([
    ['a get', [['GET', '/api/v1/namespaces/x/pods/p']], 1],
    ['a list of ten thousand small ones, which are never in memory at a time', [LIST, { stored: { count: 10_000, averageBytes: 500 } }], 10],
    ['a list by what it is to go through', [LIST, { stored: { count: 100, averageBytes: 2_500 } }], 3],
    ['a page', [[...LIST, 'limit=100'], {}], 2],
    ['a list of nothing', [LIST, { stored: { count: 0, averageBytes: 0 } }], 1],
    ['a list of what others serve', [LIST, { stored: 'elsewhere' }], 1],
    ['a list of one name', [[...LIST, 'fieldSelector=metadata.name=p']], 1],
    ['a list at a level that has little', [LIST, { most: 4 }], 4],
    ['a watch that begins with the state', [[...LIST, 'watch=1'], {}], 10],
    ['a watch that asks for the state', [[...LIST, `${WATCH}=5&sendInitialEvents=true`], {}], 10],
    ['a watch that goes on from a version', [[...LIST, `${WATCH}=5`], {}], 1],
    ['a path', [['GET', '/metrics']], 1],
  ])('%s', (_what, given, seats) => {
    expect(estimate(...given)).toEqual({ seats, finalSeats: 0, finalMs: 0 })
  })

  test.each<[string, Parameters<typeof estimate>, WorkEstimate]>([
    ['a change that few watch: one seat, and nothing after it', [['POST', '/api/v1/namespaces/x/pods'], { watchers: 9 }], { seats: 1, finalSeats: 0, finalMs: 0 }],
    ['a change that many watch: a seat for ten of them, for a moment', [['PUT', '/api/v1/namespaces/x/pods/p'], { watchers: 31 }], { seats: 1, finalSeats: 4, finalMs: 5 }],
    ['a change that very many watch: no more than ten, and longer', [['DELETE', '/api/v1/namespaces/x/pods/p'], { watchers: 200 }], { seats: 1, finalSeats: 10, finalMs: 10 }],
    ['a change at a level that has little: narrower, and longer', [['PATCH', '/api/v1/namespaces/x/pods/p'], { watchers: 40, most: 2 }], { seats: 1, finalSeats: 2, finalMs: 10 }],
    ['a token, which nobody watches: one seat', [['POST', '/api/v1/namespaces/x/serviceaccounts/a/token'], { watchers: 50 }], { seats: 1, finalSeats: 0, finalMs: 0 }],
  ])('%s', (_what, given, work) => {
    expect(estimate(...given)).toEqual(work)
  })

  test('by who may be told of it: those of the kind, of its namespace, of its name, and not of one node’s pods', () => {
    const counts = new WatchCounts()
    const pods = { group: '', resource: 'pods', namespace: '', name: '' }
    const ends = [
      counts.begin(pods),
      counts.begin({ ...pods, namespace: 'x' }),
      counts.begin({ ...pods, namespace: 'x', name: 'p' }),
      counts.begin({ ...pods, fieldSelector: parseFieldSelector('spec.nodeName=box') }),
    ]
    expect(counts.of({ ...pods, namespace: 'x', name: 'p' })).toBe(3)
    expect(counts.of({ ...pods, namespace: 'x', name: 'q' })).toBe(2)
    expect(counts.of({ ...pods, namespace: 'y', name: 'p' })).toBe(1)
    for (const end of ends) end()
    expect(counts.of({ ...pods, namespace: 'x', name: 'p' })).toBe(0)
  })
}) // prettier-ignore

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

  /** @param schema '' = of the level as a whole */
  const valueOf = async (of: TestApiServer, metric: string, level: string, schema = level) => {
    const labels = schema === '' ? `priority_level="${level}"` : `priority_level="${level}",flow_schema="${schema}"`
    const { text } = await raw(of, '/metrics')
    return Number(text.split('\n').find(line => line.startsWith(`apiserver_flowcontrol_${metric}{${labels}} `))?.split(' ').at(-1))
  } // prettier-ignore

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

  test('marks refusals and failures as well', async () => {
    for (const path of [`${CONFIG_MAPS}/nowhere`, '/api/v1/nothings'])
      expect((await raw(server, path)).headers['x-kubernetes-pf-flowschema-uid']).toMatch(/^[0-9a-f-]{36}$/)
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
    const asked = Array.from({ length: 30 }, () => person.request({ method: 'GET', path: `${PODS}/p/held` }))
    await eventually(async () => expect(await valueOf(small, 'current_inqueue_requests', 'global-default')).toBeGreaterThan(0))
    const taken = held.length
    expect(taken).toBeGreaterThanOrEqual(10)
    expect(await valueOf(small, 'current_executing_seats', 'global-default')).toBe(taken)
    expect(await valueOf(small, 'current_limit_seats', 'global-default', '')).toBe(taken)

    const tables = await Promise.all(['priority_levels', 'queues', 'requests'].map(name => raw(small, `/debug/api_priority_and_fairness/dump_${name}?includeRequestDetails=1`)))
    const [levels = [], queues = [], requests = []] = tables.map(({ text }) => text.trim().split('\n').map(line => line.split(',').map(cell => cell.trim())))
    expect(levels[0]).toEqual(['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'])
    const [, , isIdle, isQuiescing, waiting, executing, dispatched] = levels.find(([name]) => name === 'global-default') ?? []
    expect([isIdle, isQuiescing, waiting, executing, dispatched]).toEqual(['false', 'false', String(30 - taken), String(taken), String(taken)])
    expect(queues.filter(([name]) => name === 'global-default')).toHaveLength(128)
    expect(queues.reduce((sum, [name, , pending]) => sum + (name === 'global-default' ? Number(pending) : 0), 0)).toBe(30 - taken)
    const mine = requests.filter(([name]) => name === 'global-default')
    expect(mine).toHaveLength(30)
    expect(mine.filter(row => row[9] === '0001-01-01T00:00:00Z')).toHaveLength(30 - taken)
    expect(mine[0]?.slice(4, 5)).toEqual(['ana'])
    expect(mine[0]?.slice(10)).toEqual(['ana', 'get', `${PODS}/p/held`, 'default', 'p', 'v1', 'pods', 'held'])

    while (held.length > 0) {
      held.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(asked)
    const { text } = await raw(small, '/metrics')
    expect(text).toContain('apiserver_flowcontrol_request_wait_duration_seconds_count{priority_level="global-default",flow_schema="global-default",execute="true"} ' + (30 - taken))
    expect(text).toContain('apiserver_flowcontrol_request_execution_seconds_count{priority_level="global-default",flow_schema="global-default",type="regular"} 30')
    expect(text).toContain('apiserver_flowcontrol_work_estimated_seats_bucket{le="1",priority_level="global-default",flow_schema="global-default"} 30')
  }) // prettier-ignore

  test('has a watch take seats until it has begun', async () => {
    const watchesOf = async () => /request_execution_seconds_count\{priority_level="exempt",flow_schema="exempt",type="watch"\} (\d+)/.exec((await raw(server, '/metrics')).text)?.[1]
    const stop = new AbortController()
    const frames = server.server.transport(testAdmin).watch({ method: 'GET', path: CONFIG_MAPS, signal: stop.signal })[Symbol.asyncIterator]()
    const next = frames.next()
    await eventually(async () => expect(Number(await watchesOf())).toBeGreaterThanOrEqual(1))
    await server.clientAs().create(ConfigMap, { metadata: { namespace: 'default', name: 'ends-it' } })
    await next
    await frames.return?.()
  }) // prettier-ignore

  test('takes a seat no longer for a request that asked for an upgrade, whose client leaves the connection open', async () => {
    const { caPem: ca, admin: { certPem: cert, keyPem: key } } = server.pki
    const halfOpen = { allowHalfOpen: true, host: '127.0.0.1', port: server.port, ca, cert, key }
    const client = connect(halfOpen)
    client.write(`GET ${CONFIG_MAPS} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`)
    expect(String((await once(client, 'data'))[0])).toContain('HTTP/1.1 200 OK')
    // The question itself takes the one that is left.
    await eventually(async () => expect(await valueOf(server, 'current_executing_requests', 'exempt')).toBe(1))
    client.destroy()
  }) // prettier-ignore

  test('keeps its mandatory levels in mind when somebody deletes them', async () => {
    await server.clientAs().delete(FlowSchema, { name: 'exempt' })
    await server.clientAs().delete(PriorityLevelConfiguration, { name: 'exempt' })
    expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
  })

  test('tells its levels in its metrics', async () => {
    const { text } = await raw(server, '/metrics')
    expect(text).toMatch(/apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} \d+/)
    expect(text).toMatch(
      /apiserver_flowcontrol_dispatched_requests_total\{priority_level="exempt",flow_schema="exempt"\} [1-9]/,
    )
    const seatsOf = (bound: string) => valueOf(server, `${bound}_limit_seats`, 'global-default', '')
    expect(await Promise.all(['lower', 'nominal', 'upper'].map(seatsOf))).toEqual([24, 49, 649])
    expect(await seatsOf('current')).toBeGreaterThanOrEqual(49)
  })
})
