// The etcd engine where things go wrong: restarts, lost answers, gaps, no quorum, a full quota; and several at once.
import { afterEach, describe, expect, test } from 'vitest'
import type { Engine, ObjectStore } from '../../src/main/store/contract.ts'
import { type EtcdEngineOptions, openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { objectNamed, poll } from '../suites/store.ts'
import { CuttableLine } from './etcd-proxy.ts'
import { freePorts } from '../support/free-ports.ts'
import { type EtcdMember, type EtcdOptions, EtcdServer } from './etcd-server.ts'

const KEY = '/registry/core/configmaps/default/a'
const PREFIX = '/registry/core/configmaps/'

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
function use<T extends AsyncDisposable>(resource: T): T {
  ends.push(resource)
  return resource
}
const etcd = async (options?: EtcdOptions) => use(await EtcdServer.start(options))
const engineAt = async (url: string | readonly string[], options: Partial<EtcdEngineOptions> = {}) =>
  use(await openEtcdEngine({ endpoints: [url].flat(), ...options }))
const storeAt = async (url: string, options?: Partial<EtcdEngineOptions>) =>
  use(await openObjectStore(await openEtcdEngine({ endpoints: [url], ...options }), { compactEveryMs: 0 }))

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: 'ok', message: '' }),
    (error: { code?: string; message: string }) => ({ code: error.code, message: error.message }),
  )
const keysOf = async (engine: Engine) => {
  const keys = new Map<string, string | null>()
  for await (const batch of engine.load()) for (const { key, value } of batch) keys.set(key, value)
  return keys
}
const namesIn = (store: ObjectStore) => store.list(PREFIX).items.map(({ object }) => object.metadata.name)

describe('several control planes over one etcd', () => {
  test('both hear every transaction, in the same order, and one of two racers wins', async () => {
    const server = await etcd()
    const [a, b] = [await engineAt(server.url), await engineAt(server.url)]
    const heard = { a: [] as string[], b: [] as string[] }
    a.onCommit(records => heard.a.push(...records.map(({ key, revision }) => `${key} ${revision}`)))
    b.onCommit(records => heard.b.push(...records.map(({ key, revision }) => `${key} ${revision}`)))
    const race = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        failure((i % 2 ? a : b).commit([{ key: `/k${i >> 1}`, value: String(i), expect: 0 }])),
      ),
    )
    expect(race.filter(({ code }) => code === 'ok')).toHaveLength(50)
    expect(race.filter(({ code }) => code === 'KeyExists')).toHaveLength(50)
    await Promise.all([a.latestRevision!(), b.latestRevision!()])
    expect(heard.a).toHaveLength(50)
    expect(heard.b).toEqual(heard.a)
  })

  test('fresh() shows what another has been told is written', async () => {
    const server = await etcd()
    const [a, b] = [await storeAt(server.url), await storeAt(server.url)]
    for (let i = 0; i < 50; i++) {
      const written = await a.create(`${PREFIX}default/n${i}`, objectNamed(`n${i}`))
      await b.fresh()
      expect(b.get(written.key)).toEqual(written)
      await b.delete(written.key, written.revision)
      await a.fresh()
      expect(a.get(written.key)).toBeUndefined()
    }
  })

  test("a write on top of another's newest state is no conflict, however far behind one's own cache is", async () => {
    const server = await etcd()
    const [a, b] = [await storeAt(server.url), await storeAt(server.url)]
    let { revision } = await a.create(KEY, objectNamed('a'))
    for (let i = 0; i < 30; i++) ({ revision } = await (i % 2 ? a : b).update(KEY, objectNamed('a', { i }), revision))
    expect((await b.delete(KEY, revision)).object['data']).toEqual({ i: 29 })
    await a.create(KEY, objectNamed('a'))
  })

  test('clusters under different prefixes do not see each other, and others in the same etcd do not block fresh()', async () => {
    const server = await etcd()
    const one = await storeAt(server.url, { prefix: '/one' })
    const two = await storeAt(server.url, { prefix: '/one0' })
    await two.create(KEY, objectNamed('two'))
    await one.fresh()
    expect(namesIn(one)).toEqual([])
    const { revision } = await one.create(KEY, objectNamed('one'))
    expect(revision).toBeGreaterThan(two.revision)
    expect(namesIn(one)).toEqual(['one'])
  })
})

describe('when the connection or etcd fails', () => {
  test('a commit whose answer is lost is recognised in the watch and succeeds, once', async () => {
    const server = await etcd()
    const line = use(await CuttableLine.to(server.member.clientPort))
    const engine = await engineAt(line.url)
    const other = await engineAt(server.url)
    const told: number[] = []
    engine.onCommit(records => told.push(...records.map(({ revision }) => revision)))
    for (let i = 0; i < 5; i++) {
      await engine.latestRevision!()
      const key = `/k${i}`
      line.withholdAnswersTo(key)
      const committed = engine.commit([{ key, value: '1', expect: 0 }])
      await poll(async () => (await keysOf(other)).has(key), 20_000)
      expect(told).toHaveLength(i)
      line.loseWithheld()
      expect(await committed).toBe(told.at(-1))
    }
    expect([...(await keysOf(engine)).keys()]).toEqual(['/k0', '/k1', '/k2', '/k3', '/k4'])
    expect(told).toHaveLength(5)
  })

  test('etcd killed and started again under writers: nothing acknowledged is lost, no event is missed or told twice', async () => {
    const server = await etcd()
    const engine = await engineAt(server.url)
    const told: number[] = []
    const live = new Map<string, string | null>()
    engine.onCommit(records => {
      told.push(records[0]!.revision)
      for (const { key, value } of records) live.set(key, value)
    })
    const acknowledged = new Map<string, string>()
    let stop = false
    let refused = 0
    const writer = async (name: string) => {
      for (let i = 0; !stop; i++) {
        const { code } = await failure(engine.commit([{ key: `/${name}`, value: String(i) }]))
        if (code === 'ok') acknowledged.set(`/${name}`, String(i))
        else refused++
      }
    }
    const writers = ['a', 'b', 'c', 'd'].map(writer)
    for (let i = 0; i < 2; i++) {
      const before = told.length
      await poll(() => told.length > before + 20)
      await server.stop('SIGKILL')
      await poll(() => engine.health().state === 'read-only')
      server.launch()
      await server.ready()
      await poll(() => engine.health().state === 'ok')
      const after = told.length
      await poll(() => told.length > after + 20)
    }
    stop = true
    await Promise.all(writers)
    expect(told).toEqual([...new Set(told)].sort((x, y) => x - y))
    const stored = await keysOf(engine)
    expect(Object.fromEntries(live)).toEqual(Object.fromEntries(stored))
    for (const [key, value] of acknowledged) expect(Number(stored.get(key))).toBeGreaterThanOrEqual(Number(value))
    expect(refused).toBeLessThan(20)
  })

  test('no endpoint answers: opening says Unavailable and where it asked', async () => {
    const [port] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const { code, message } = await failure(openEtcdEngine({ endpoints: [url], requestTimeoutMs: 500 }))
    expect(code).toBe('Unavailable')
    expect(message).toContain(`no answer from etcd at ${url}`)
  })

  test('etcd gone: writes and fresh() answer Unavailable in time, reads go on, closing ends', async () => {
    const server = await etcd()
    const store = await storeAt(server.url, { requestTimeoutMs: 1_000 })
    await store.create(KEY, objectNamed('a'))
    await server.stop()
    const began = performance.now()
    const [write, read] = await Promise.all([
      failure(store.create(`${PREFIX}default/b`, objectNamed('b'))),
      failure(store.fresh()),
    ])
    expect([write.code, read.code]).toEqual(['Unavailable', 'Unavailable'])
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(namesIn(store)).toEqual(['a'])
    expect(store.health()).toMatchObject({ state: 'read-only' })
    expect(store.health().detail).toMatch(/etcd/)
    await store[Symbol.asyncDispose]()
    expect((await failure(store.fresh())).code).toBe('Closed')
  })

  test('an etcd that went back to an older state is refused: revisions never go back', async () => {
    const server = await etcd()
    const engine = await engineAt(server.url, { requestTimeoutMs: 1_000 })
    for (let i = 0; i < 5; i++) await engine.commit([{ key: '/a', value: String(i) }])
    const { revision } = engine
    await server.stop()
    await server.forget()
    server.launch()
    await server.ready()
    await poll(() => engine.health().detail.includes('went back'))
    expect(engine.health().detail).toMatch(new RegExp(`went back from revision ${revision} to 1`))
    expect(engine.revision).toBe(revision)
    expect((await failure(engine.commit([{ key: '/b', value: '1' }]))).code).toBe('Unavailable')
  })

  test('history compacted away while cut off: the state is loaded again and watches end with Compacted', async () => {
    const server = await etcd()
    const line = use(await CuttableLine.to(server.member.clientPort))
    const behind = await storeAt(line.url)
    const other = await storeAt(server.url)
    const kept = await other.create(`${PREFIX}default/kept`, objectNamed('kept'))
    const gone = await other.create(`${PREFIX}default/gone`, objectNamed('gone'))
    await behind.fresh()
    const ended: string[] = []
    const from = behind.revision
    const watch = () => behind.watch(PREFIX, { from, onEvent: () => undefined, onEnd: error => ended.push(error.code) })
    watch()
    line.cut()
    await other.delete(gone.key, gone.revision)
    await other.update(kept.key, objectNamed('kept', { newer: true }), kept.revision)
    await other.create(`${PREFIX}default/new`, objectNamed('new'))
    await other.compact(other.revision)
    line.mend()
    await behind.fresh()
    expect(ended).toEqual(['Compacted'])
    expect(behind.list(PREFIX).items).toEqual(other.list(PREFIX).items)
    expect(namesIn(behind)).toEqual(['kept', 'new'])
    expect(watch).toThrow(/compacted/)
    await poll(() => behind.health().state === 'ok')
    const next = await behind.create(`${PREFIX}default/next`, objectNamed('next'))
    await other.fresh()
    expect(other.get(next.key)).toEqual(next)
  })
})

describe('an etcd of three members', () => {
  async function cluster() {
    const ports = await freePorts(6)
    const members = ['one', 'two', 'three'].map((name, i): EtcdMember => ({
      name,
      clientPort: ports[2 * i]!,
      peerPort: ports[2 * i + 1]!,
    }))
    const servers = await Promise.all(
      members.map(async member => use(await EtcdServer.prepare({ member, cluster: members }))),
    )
    for (const server of servers) server.launch()
    await Promise.all(servers.map(server => server.ready()))
    return servers
  }

  test('goes on without one member, answers Unavailable without a quorum, and recovers by itself', async () => {
    const servers = await cluster()
    const engine = await engineAt(
      servers.map(({ url }) => url),
      { requestTimeoutMs: 6_000 },
    )
    const told: number[] = []
    engine.onCommit(records => told.push(records[0]!.revision))
    const put = (value: string) => engine.commit([{ key: '/a', value }])
    await put('all')
    await servers[0]!.stop()
    await poll(async () => (await failure(put('two'))).code === 'ok', 20_000)
    await servers[1]!.stop()
    await poll(async () => (await failure(engine.latestRevision!())).message.includes('no quorum'), 20_000)
    expect((await failure(put('one'))).code).toBe('Unavailable')
    servers[1]!.launch()
    await servers[1]!.ready()
    await poll(async () => (await failure(put('two again'))).code === 'ok', 20_000)
    await poll(() => engine.health().state === 'ok')
    expect((await keysOf(engine)).get('/a')).toBe('two again')
    expect(told).toEqual([...new Set(told)].sort((x, y) => x - y))
    await engine.latestRevision!()
  })
})

describe("etcd's limits", () => {
  test('a transaction beyond its bytes or its number of keys is answered with TooLarge', async () => {
    const server = await etcd({ args: ['--max-txn-ops', '8'] })
    const engine = await engineAt(server.url)
    const large = await failure(engine.commit([{ key: '/a', value: 'x'.repeat(4_300_000) }]))
    expect(large).toMatchObject({ code: 'TooLarge' })
    expect(large.message).toMatch(/--max-request-bytes/)
    expect(await failure(engine.commit([{ key: '/a', value: 'x'.repeat(8_000_000) }]))).toMatchObject({
      code: 'TooLarge',
    })
    const keys = Array.from({ length: 9 }, (_, i) => ({ key: `/k${i}`, value: '1' }))
    expect(await failure(engine.commit(keys))).toMatchObject({ code: 'TooLarge' })
    await engine.commit(keys.slice(0, 7))
    expect((await keysOf(engine)).size).toBe(7)
  })

  test('out of quota: writes answer NoSpace, deletes go on, and writes again once there is room', async () => {
    const server = await etcd({ args: ['--quota-backend-bytes', '8000000'] })
    // A disk that is busy with others' work is slow, not away.
    const engine = await engineAt(server.url, { requestTimeoutMs: 60_000 })
    let last = { code: 'ok' as string | undefined, message: '' }
    // How many fit before etcd notices depends on how fast it is: all of them go again.
    let fit = -1
    for (; last.code === 'ok' && fit < 200; fit++)
      last = await failure(engine.commit([{ key: `/${fit + 1}`, value: 'x'.repeat(1_000_000) }]))
    expect(last.code).toBe('NoSpace')
    expect(engine.health()).toMatchObject({ state: 'no-space' })
    let revision = 0
    for (let i = fit - 1; i >= 0; i--) revision = await engine.commit([{ key: `/${i}`, value: null }])
    expect(engine.revision).toBe(revision)
    expect((await failure(engine.commit([{ key: '/0', value: null }]))).code).toBe('KeyNotFound')
    // What an operator does. Only what etcd has compacted on its disk is freed by defragmenting, and an alarm that is
    // disarmed too early comes back with the next write.
    await engine.compact(revision, true)
    const makeRoom = async () => {
      await server.json('/v3/maintenance/defragment', {})
      const { alarms = [] } = (await server.json('/v3/maintenance/alarm', {})) as { alarms?: { memberID: string }[] }
      for (const { memberID } of alarms)
        await server.json('/v3/maintenance/alarm', { action: 'DEACTIVATE', memberID, alarm: 'NOSPACE' })
      return (await failure(engine.commit([{ key: '/new', value: '1' }]))).code === 'ok'
    }
    await poll(() => makeRoom().catch(() => false), 90_000)
    expect(engine.health()).toEqual({ state: 'ok', detail: '' })
  }, 180_000)
})
