// The client's parts against the real API server: over TLS, and with events, leases and conflicts that are real.
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigMap, Event, Namespace } from '../../src/shared/api/core/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { createEventRecorder } from '../../src/shared/client/events.ts'
import { fetchTransport } from '../../src/shared/client/fetch-transport.ts'
import { Informer } from '../../src/shared/client/informer.ts'
import { runLeaderElection } from '../../src/shared/client/leader-election.ts'
import { createClient } from '../../src/shared/client/typed-client.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

let api: TestApiServer
let remote: Client
let agent: Agent
beforeAll(async () => {
  api = await startTestApiServer()
  await api.clientAs().create(Namespace, { metadata: { name: 'default' }, spec: {} })
  const { certPem, keyPem } = api.pki.admin
  agent = new Agent({ connect: { ca: api.pki.caPem, cert: certPem, key: keyPem } })
  remote = createClient(
    fetchTransport({ fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }), baseUrl: api.url }),
  )
})
afterAll(async () => {
  await agent?.destroy()
  await api?.[Symbol.asyncDispose]()
})

const draft = (name: string, data: Record<string, string> = {}) => ({ metadata: { namespace: 'default', name }, data })

describe('fetchTransport() over TLS', () => {
  test('creates, reads, patches, lists and deletes', async () => {
    const created = await remote.create(ConfigMap, draft('tls', { greeting: 'grüß\u2028dich' }))
    expect(created.data).toEqual({ greeting: 'grüß\u2028dich' })
    expect(await remote.get(ConfigMap, created.metadata)).toEqual(created)
    const merged = await remote.patch(ConfigMap, created.metadata, { data: { more: '1' } }, { type: 'merge' })
    expect(merged.data).toEqual({ greeting: 'grüß\u2028dich', more: '1' })
    const replaced = await remote.update(ConfigMap, { ...merged, data: { only: 'this' } })
    expect(replaced.data).toEqual({ only: 'this' })
    const page = await remote.list(ConfigMap, { namespace: 'default', fieldSelector: 'metadata.name=tls' })
    expect(page.items).toEqual([replaced])
    await remote.delete(ConfigMap, created.metadata)
    await expect(remote.get(ConfigMap, created.metadata)).rejects.toMatchObject({ reason: 'NotFound' })
  })

  test('throws the Status that the server sent', async () => {
    const error = await remote.create(ConfigMap, draft('Not A Name')).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 422, reason: 'Invalid' })
    expect((error as ApiError).status.details?.causes?.[0]?.field).toBe('metadata.name')
  })

  test('streams a watch, and ends it with its signal', async () => {
    const stop = new AbortController()
    const informer = new Informer(remote, ConfigMap, { namespace: 'default', labelSelector: 'watched=yes' })
    const running = informer.start(stop.signal)
    await informer.synced()
    const big = 'x'.repeat(300_000)
    await api.clientAs().create(ConfigMap, {
      metadata: { namespace: 'default', name: 'seen', labels: { watched: 'yes' } },
      data: { big },
    })
    await eventually(() => expect(informer.lister.list().map(o => o.data?.['big']?.length)).toEqual([300_000]))
    await api
      .clientAs()
      .patch(ConfigMap, { namespace: 'default', name: 'seen' }, { metadata: { labels: { watched: 'no' } } })
    await eventually(() => expect(informer.lister.size).toBe(0))
    stop.abort()
    await running
  })

  test('repeats a request that the server asks to repeat, after the time that it says', async () => {
    const clock = new ManualClock()
    let calls = 0
    const busyOnce = createClient(
      fetchTransport({
        clock,
        baseUrl: api.url,
        fetch: async (url, init) => {
          if (calls++ > 0) return fetch(url, { ...init, dispatcher: agent })
          return new Response('busy', { status: 429, headers: { 'Retry-After': '7' } })
        },
      }),
    )
    const answer = busyOnce.raw('GET', '/version')
    await clock.advance(6_999)
    expect(calls).toBe(1)
    await clock.advance(1)
    expect(await answer).toMatchObject({ major: '1' })
  })
})

describe('createEventRecorder()', () => {
  test('counts a repeated event on one object, and folds a flood of similar ones', async () => {
    const client = api.clientAs()
    const stop = new AbortController()
    const clock = new ManualClock()
    const about = await client.create(ConfigMap, draft('talkative'))
    const recorder = createEventRecorder({ client, clock, component: 'test', host: 'node-1', signal: stop.signal })
    for (let i = 0; i < 3; i++) {
      recorder.event(about, 'Warning', 'Unhealthy', 'Readiness probe failed')
      await clock.advance(1_000)
    }
    const events = async () =>
      (await client.list(Event, { namespace: 'default' })).items.filter(e => e.involvedObject.name === 'talkative')
    const [event] = await eventually(async () => {
      const found = await events()
      expect(found.map(e => e.count)).toEqual([3])
      return found
    })
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Readiness probe failed',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:02Z',
      source: { component: 'test', host: 'node-1' },
      involvedObject: { kind: 'ConfigMap', namespace: 'default', uid: about.metadata.uid },
    })
    for (let i = 0; i < 100; i++) recorder.event(about, 'Normal', 'Tick', `number ${i}`)
    await clock.advance(1_000)
    await eventually(async () => {
      const ticks = (await events()).filter(e => e.reason === 'Tick')
      expect(ticks.some(e => e.message?.startsWith('(combined from similar events): '))).toBe(true)
      // 25 in a burst, of which 3 were spent before.
      expect(ticks.reduce((sum, e) => sum + (e.count ?? 0), 0)).toBe(22)
    })
    stop.abort()
  })
})

describe('createEventRecorder() with a server that is busy', () => {
  /** A client whose writes wait until they are let through. */
  function heldClient() {
    const waiting: { about: string; message: string; answer: (error?: Error) => void }[] = []
    const create = (_type: unknown, event: Event) =>
      new Promise((resolve, reject) => {
        const answer = (error?: Error) => (error ? reject(error) : resolve(event))
        waiting.push({ about: event.involvedObject.name ?? '', message: event.message ?? '', answer })
      })
    return { waiting, client: { create } as unknown as Client }
  }
  const object = (name: string) => ({ kind: 'Pod', namespace: 'default', name, uid: name })
  const settle = () => new Promise(resolve => setImmediate(resolve))

  test('writes about several objects at once, about each in order, and no more than 16', async () => {
    const { waiting, client } = heldClient()
    const stop = new AbortController()
    const clock = new ManualClock()
    const recorder = createEventRecorder({ client, clock, component: 'test', signal: stop.signal })
    for (const message of ['first', 'second'])
      for (let i = 0; i < 20; i++) recorder.event(object(`p${i}`), 'Normal', 'Told', message)
    await clock.advance(1_000)
    expect(waiting.map(({ about, message }) => `${about} ${message}`)).toEqual(
      Array.from({ length: 16 }, (_, i) => `p${i} first`),
    )
    for (let i = 0; i < 40; i++) {
      waiting[i]?.answer()
      await settle()
    }
    const order = waiting.map(({ about, message }) => `${about} ${message}`)
    expect(order).toHaveLength(40)
    for (let i = 0; i < 20; i++) expect(order.indexOf(`p${i} first`)).toBeLessThan(order.indexOf(`p${i} second`))
    stop.abort()
  })

  test('writes a few as they come, and of a crowd the rest together a moment later', async () => {
    const { waiting, client } = heldClient()
    const stop = new AbortController()
    const clock = new ManualClock()
    const recorder = createEventRecorder({ client, clock, component: 'test', signal: stop.signal })
    let told = 0
    const tell = async (count: number) => {
      for (let i = 0; i < count; i++) recorder.event(object(`p${told++}`), 'Normal', 'Told', 'x')
      await settle()
      for (let written = 0; written < waiting.length; written++) {
        waiting[written]?.answer()
        await settle()
      }
      return waiting.length
    }
    expect(await tell(1)).toBe(1)
    expect(await tell(15)).toBe(16)
    expect(await tell(30)).toBe(16)
    await clock.advance(199)
    expect(await tell(10)).toBe(16)
    await clock.advance(1)
    expect(await tell(0)).toBe(56)
    await clock.advance(200)
    expect(await tell(1)).toBe(57)
    stop.abort()
  })

  test('one that fails and waits for its next try holds up no other', async () => {
    const { waiting, client } = heldClient()
    const stop = new AbortController()
    const clock = new ManualClock()
    const recorder = createEventRecorder({ client, clock, component: 'test', signal: stop.signal })
    recorder.event(object('unlucky'), 'Normal', 'Told', 'x')
    await settle()
    waiting[0]?.answer(new Error('the connection broke'))
    await settle()
    recorder.event(object('other'), 'Normal', 'Told', 'y')
    await settle()
    expect(waiting.map(({ about }) => about)).toEqual(['unlucky', 'other'])
    await clock.advance(10_000)
    await settle()
    expect(waiting.map(({ about }) => about)).toEqual(['unlucky', 'other', 'unlucky'])
    stop.abort()
  })
})

describe('runLeaderElection()', () => {
  test('one leads; another takes over when the first is silent for the lease, or at once when it resigns', async () => {
    const clock = new ManualClock()
    const leaders: string[] = []
    const candidate = (identity: string, client: Client) => {
      const stop = new AbortController()
      const lead = async (signal: AbortSignal) => {
        leaders.push(identity)
        await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
        leaders.push(`-${identity}`)
      }
      const options = { client, clock, namespace: 'default', name: 'election', identity, lead }
      return { stop, done: runLeaderElection(options, stop.signal) }
    }
    let cut = false
    const real = api.clientAs()
    const cuttable = {
      ...real,
      get: async (...args: Parameters<Client['get']>) =>
        cut ? Promise.reject(new Error('cut off')) : real.get(...args),
    } as Client
    const until = (expected: string[]) =>
      eventually(async () => {
        await clock.advance(500)
        expect(leaders).toEqual(expected)
      })
    const first = candidate('a', cuttable)
    await until(['a'])
    const second = candidate('b', real)
    for (let i = 0; i < 30; i++) await clock.advance(1_000)
    expect(leaders).toEqual(['a'])
    cut = true
    await until(['a', '-a', 'b'])
    const lease = await real.get(Lease, { namespace: 'default', name: 'election' })
    expect(lease.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    cut = false
    second.stop.abort()
    await until(['a', '-a', 'b', '-b', 'a'])
    first.stop.abort()
    await settle()
    await Promise.all([first.done, second.done])
  })
})
