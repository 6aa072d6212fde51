// The log of what objects were, as a specification that both engines' histories pass.
import { randomBytes } from 'node:crypto'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Engine } from '../../src/main/store/contract.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import {
  DEFAULT_HISTORY_LIMITS,
  type HistoryEntry,
  type HistoryLimits,
  type HistoryLog,
} from '../../src/main/store/history/contract.ts'
import { HistoryRecorder } from '../../src/main/store/history/recorder.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { openEngine } from '../../src/main/store/open-engine.ts'
import { objectNamed } from '../suites/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())

const KEY = '/registry/apps/deployments/default/web'
const DAY_MS = 86_400_000
const entry = (key: string, revision: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  key,
  revision,
  atMs: 1_000_000 + revision,
  deleted: false,
  hash: '0000000a',
  value: JSON.stringify({ n: revision, text: '\u2028 🚢' }),
  ...more,
})

describe.each(['nedb', 'etcd'] as const)('the history beside %s', name => {
  let folder: TempFolder
  let engine: Engine
  let history: HistoryLog
  let limits: HistoryLimits
  const openBoth = async () => {
    engine = await openEngine(
      name === 'nedb' ? { engine: 'nedb' } : { engine: 'etcd', endpoints: [etcd.url] },
      folder.path,
    )
    history = await engine.openHistory(limits)
  }
  const close = async () => {
    await history[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
  }
  const reopen = async () => {
    await close()
    await openBoth()
  }
  const revisions = async (key = KEY) => (await history.items(key)).map(({ revision }) => revision)
  beforeEach(async () => {
    folder = await tempFolder()
    limits = DEFAULT_HISTORY_LIMITS
    await openBoth()
  })
  afterEach(async () => {
    await history.purge(() => true)
    await close()
    await folder[Symbol.asyncDispose]()
  })

  test('keeps values by key and revision, over a restart too, and takes an entry twice as once', async () => {
    await history.append([entry(KEY, 5), entry(KEY, 9, { deleted: true }), entry('/registry/core/pods/a/x', 7)])
    await history.append([entry(KEY, 5), entry(KEY, 12)])
    await reopen()
    expect(await history.items(KEY)).toMatchObject([
      { revision: 5, deleted: false, hash: '0000000a', atMs: 1_000_005 },
      { revision: 9, deleted: true },
      { revision: 12 },
    ])
    expect(await history.read(KEY, 9)).toBe(entry(KEY, 9).value)
    expect(await history.read(KEY, 6)).toBeUndefined()
    expect(await history.keys('/registry/')).toEqual([KEY, '/registry/core/pods/a/x'])
    expect(await history.keys('/registry/apps/')).toEqual([KEY])
    expect((await history.newest()).get(KEY)).toMatchObject({ revision: 12 })
  })

  test("entries() has everything, an object's oldest first, and leaves out what is erased meanwhile", async () => {
    const other = '/registry/core/pods/a/x'
    await history.append([entry(KEY, 5), entry(other, 7)])
    await reopen()
    await history.append([entry(KEY, 9, { deleted: true })])
    await reopen()
    await history.append([entry(KEY, 12)])
    const all = async () => {
      const found: HistoryEntry[] = []
      for await (const each of history.entries()) found.push(each)
      return found
    }
    const ofOne = (found: HistoryEntry[]) => found.filter(({ key }) => key === KEY)
    expect(ofOne(await all())).toEqual([entry(KEY, 5), entry(KEY, 9, { deleted: true }), entry(KEY, 12)])
    expect(await all()).toHaveLength(4)
    const reading = history.entries()[Symbol.asyncIterator]()
    expect((await reading.next()).value).toEqual(entry(KEY, 5))
    await history.purge(key => key === KEY)
    const rest: HistoryEntry[] = []
    for (let next = await reading.next(); !next.done; next = await reading.next()) rest.push(next.value)
    expect(rest).toEqual([entry(other, 7)])
  })

  test('takes thousands of entries at once, and finds each of them, over a restart too', async () => {
    const value = (n: number) => JSON.stringify({ n, text: 'x'.repeat(2_000) })
    const all = Array.from({ length: 3_000 }, (_, i) => entry(`${KEY}-${i % 500}`, i + 1, { value: value(i + 1) }))
    await history.append(all)
    for (const restart of [false, true]) {
      if (restart) await reopen()
      expect(await revisions(`${KEY}-7`)).toEqual([8, 508, 1_008, 1_508, 2_008, 2_508])
      for (const revision of [1, 41, 1_500, 3_000])
        expect(await history.read(`${KEY}-${(revision - 1) % 500}`, revision)).toBe(value(revision))
    }
  })

  test('keys that begin alike are kept apart', async () => {
    await history.append([entry(KEY, 1), entry(`${KEY}-2`, 2), entry(`${KEY}/3`, 3)])
    expect(await revisions(KEY)).toEqual([1])
    expect(await revisions(`${KEY}-2`)).toEqual([2])
  })

  test('purge() erases whole objects and nothing else', async () => {
    await history.append([entry(KEY, 1), entry(KEY, 2), entry('/registry/core/pods/a/x', 3)])
    expect(await history.purge(key => key === KEY)).toBe(1)
    await reopen()
    expect(await history.keys('/')).toEqual(['/registry/core/pods/a/x'])
    expect(await history.read('/registry/core/pods/a/x', 3)).toBe(entry('', 3).value)
    expect(await history.purge(key => key === KEY)).toBe(0)
  })

  test('purge() erases what is not listed any more as well, and what stays is readable, over a restart too', async () => {
    limits = { ...DEFAULT_HISTORY_LIMITS, maxPerObject: 2 }
    await reopen()
    const [gone, stays] = ['/registry/core/configmaps/a/x', '/registry/core/configmaps/b/x']
    for (let i = 1; i <= 5; i++)
      await history.append([
        entry(gone, 10 * i, { value: `{"text":"erase-me-${i}"}` }),
        entry(stays, 10 * i + 1, { value: `{"text":"keep-${i}"}` }),
      ])
    expect(await history.purge(key => key === gone)).toBe(1)
    await history.append([entry(stays, 99, { value: '{"text":"keep-9"}' })])
    for (let opening = 0; opening < 2; opening++) {
      expect(await revisions(gone)).toEqual([])
      expect(await revisions(stays)).toEqual([51, 99])
      expect(await history.read(stays, 51)).toBe('{"text":"keep-5"}')
      expect(await history.read(stays, 99)).toBe('{"text":"keep-9"}')
      await reopen()
    }
    if (name !== 'nedb') return
    const files = await readdir(join(folder.path, 'history'))
    const texts = await Promise.all(files.map(file => readFile(join(folder.path, 'history', file), 'utf8')))
    expect(texts.join()).not.toContain('erase-me')
    expect(texts.join()).toContain('keep-5')
  })

  test('only the newest revisions of an object are kept', async () => {
    limits = { ...limits, maxPerObject: 3 }
    await reopen()
    await history.append([1, 2, 3, 4, 5].map(revision => entry(KEY, revision)))
    await history.expire(2_000_000)
    await reopen()
    expect(await revisions()).toEqual([3, 4, 5])
  })

  test('what is too old goes', async () => {
    const now = 100 * DAY_MS
    await history.append([entry(KEY, 1, { atMs: now - 8 * DAY_MS }), entry(KEY, 2, { atMs: now - 6 * DAY_MS })])
    await history.expire(now)
    expect(await revisions()).toEqual([2])
    await history.expire(now + 2 * DAY_MS)
    expect(await history.keys('/')).toEqual([])
  })

  test('beyond its size the oldest goes first', async () => {
    limits = { ...limits, maxBytes: 12 * 1024 * 1024, maxPerObject: 100_000 }
    await reopen()
    const value = 'x'.repeat(name === 'nedb' ? 1_000_000 : 1_000)
    const count = name === 'nedb' ? 30 : 10_000
    const all = Array.from({ length: count }, (_, i) => entry(`/registry/core/pods/a/${i % 7}`, i + 1, { value }))
    for (let from = 0; from < count; from += 500) await history.append(all.slice(from, from + 500))
    await history.expire(2_000_000)
    const left = (await Promise.all((await history.keys('/')).map(key => history.items(key)))).flat()
    expect(left.length).toBeLessThan(count * 0.7)
    expect(left.length).toBeGreaterThan(count * 0.2)
    expect(Math.max(...left.map(({ revision }) => revision))).toBe(count)
    expect(Math.min(...left.map(({ revision }) => revision))).toBe(count - left.length + 1)
  })

  test('a flood goes no further than its size, without anybody looking at the limits', async () => {
    const maxBytes = 12 * 1024 * 1024
    limits = { ...limits, maxBytes, maxPerObject: 100_000 }
    await reopen()
    const value = 'x'.repeat(1_000_000)
    for (let i = 0; i < 40; i++) await history.append([entry(`/registry/core/configmaps/a/${i}`, i + 1, { value })])
    const left = (await Promise.all((await history.keys('/')).map(key => history.items(key)))).flat()
    expect(left.length * value.length).toBeLessThan(maxBytes * 1.3)
    expect(left.length * value.length).toBeGreaterThan(maxBytes * 0.5)
    expect(Math.max(...left.map(({ revision }) => revision))).toBe(40)
  })

  test('the recorder keeps what was wanted, not what was observed; and catches up after a stop', async () => {
    const clock = new ManualClock()
    const store = await openObjectStore(engine, { compactEveryMs: 0 })
    const recorder = () => new HistoryRecorder({ store, history, clock, log: silentLog })
    let first = recorder()
    const made = await store.create(KEY, objectNamed('web', { replicas: 1 }))
    const status = await store.update(KEY, { ...made.object, status: { ready: 1 } } as never, made.revision)
    const scaled = await store.update(KEY, { ...status.object, data: { replicas: 2 } } as never, status.revision)
    await store.create('/registry/coordination.k8s.io/leases/a/x', objectNamed('x'))
    await store.create('/registry/core/events/a/x', objectNamed('x'))
    await first.flush()
    expect(await revisions()).toEqual([made.revision, scaled.revision])
    expect(await history.keys('/')).toEqual([KEY])
    await first[Symbol.asyncDispose]()

    // Nobody records while this happens.
    const later = await store.update(KEY, { ...scaled.object, data: { replicas: 3 } } as never, scaled.revision)
    first = recorder()
    await first.flush()
    const gone = await store.delete(KEY, later.revision)
    await first.flush()
    const items = await history.items(KEY)
    expect(items.map(({ revision, deleted }) => [revision, deleted])).toEqual([
      [made.revision, false],
      [scaled.revision, false],
      [later.revision, false],
      [gone.revision, true],
    ])
    expect(JSON.parse((await history.read(KEY, gone.revision))!)).toMatchObject({ data: { replicas: 3 } })
    await first[Symbol.asyncDispose]()
    await history[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await openBoth()
  })

  test('what was replaced before it is kept is made into text no second time', async () => {
    const store = await openObjectStore(engine, { compactEveryMs: 0 })
    const recorder = new HistoryRecorder({ store, history, clock: new ManualClock(), log: silentLog })
    await recorder.flush()
    const made = await store.create(KEY, objectNamed('web', { replicas: 1 }))
    const scaled = await store.update(KEY, { ...made.object, data: { replicas: 2 } } as never, made.revision)
    const encoded = vi.spyOn(JSON, 'stringify')
    await recorder.flush()
    const objects = encoded.mock.calls.filter(
      ([value]) => (value as { metadata?: unknown } | undefined)?.metadata !== undefined,
    )
    encoded.mockRestore()
    expect(objects).toEqual([])
    expect(JSON.parse((await history.read(KEY, made.revision))!)).toMatchObject({ data: { replicas: 1 } })
    expect(JSON.parse((await history.read(KEY, scaled.revision))!)).toMatchObject({ data: { replicas: 2 } })
    await store.delete(KEY, scaled.revision)
    await recorder[Symbol.asyncDispose]()
    await history[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await openBoth()
  })

  test('what could not be written, a deletion included, is kept once the disk takes it again', async () => {
    const store = await openObjectStore(engine, { compactEveryMs: 0 })
    let full = false
    const failing = new Proxy(history, {
      get(log, property) {
        if (property === 'append' && full) return () => Promise.reject(new Error('ENOSPC'))
        const member: unknown = Reflect.get(log, property, log)
        return typeof member === 'function' ? (member.bind(log) as unknown) : member
      },
    })
    const recorder = new HistoryRecorder({ store, history: failing, clock: new ManualClock(), log: silentLog })
    const made = await store.create(KEY, objectNamed('web', { replicas: 1 }))
    await recorder.flush()
    full = true
    const scaled = await store.update(KEY, { ...made.object, data: { replicas: 2 } } as never, made.revision)
    const other = await store.create(`${KEY}-2`, objectNamed('web-2'))
    await recorder.flush()
    const gone = await store.delete(KEY, scaled.revision)
    await recorder.flush()
    expect(await revisions()).toEqual([made.revision])
    full = false
    await recorder.flush()
    expect(await revisions()).toEqual([made.revision, scaled.revision, gone.revision])
    expect(await revisions(`${KEY}-2`)).toEqual([other.revision])
    await store.delete(other.key, other.revision)
    await recorder[Symbol.asyncDispose]()
    await history[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await openBoth()
  })

  test('deleting a namespace erases what lay in it', async () => {
    const store = await openObjectStore(engine, { compactEveryMs: 0 })
    const recorder = new HistoryRecorder({ store, history, clock: new ManualClock(), log: silentLog })
    const namespace = await store.create('/registry/core/namespaces/a', objectNamed('a'))
    await store.create('/registry/core/configmaps/a/x', objectNamed('x'))
    await store.create('/registry/core/configmaps/b/x', objectNamed('x'))
    await store.create('/registry/core/nodes/a', objectNamed('a'))
    await recorder.flush()
    await store.delete(namespace.key, namespace.revision)
    await recorder.flush()
    expect(await history.keys('/')).toEqual([
      '/registry/core/configmaps/b/x',
      '/registry/core/namespaces/a',
      '/registry/core/nodes/a',
    ])
    await recorder[Symbol.asyncDispose]()
    await history[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await openBoth()
  })

  test('Secrets are sealed in it as in the store, and readable after the data key was changed', async () => {
    await close()
    const bare = await openEngine(
      name === 'nedb'
        ? { engine: 'nedb' }
        : ({ engine: 'etcd', endpoints: [etcd.url], prefix: `/${randomBytes(4).toString('hex')}` } as never),
      folder.path,
    )
    const sealed = await openSealedEngine(bare, { secret: { kind: 'key', key: Buffer.alloc(32, 1) } })
    engine = sealed
    history = await sealed.openHistory(limits)
    const key = '/registry/core/secrets/a/db'
    await history.append([entry(key, 4, { value: '{"data":"plain-text"}' })])
    await sealed.rotateDataKey()
    await sealed.rotateDataKey()
    expect(await history.read(key, 4)).toBe('{"data":"plain-text"}')
    const below = await bare.openHistory(limits)
    expect(await below.read(key, 4)).toMatch(/^sealed:/)
    await below[Symbol.asyncDispose]()
  })

  if (name === 'nedb')
    test('a torn end is left out, and a damaged file never keeps the cluster from starting', async () => {
      await history.append([entry(KEY, 1)])
      await history.append([entry(KEY, 2)])
      await close()
      const file = async () => join(folder.path, 'history', (await readdir(join(folder.path, 'history'))).sort()[0]!)
      const bytes = await readFile(await file())
      await truncate(await file(), bytes.length - 10)
      await openBoth()
      expect(await revisions()).toEqual([1])
      await close()
      const damaged = Buffer.from(bytes)
      damaged[20]! ^= 1
      await writeFile(await file(), damaged)
      await openBoth()
      expect(await revisions()).toEqual([])
      expect((await readdir(join(folder.path, 'history'))).some(each => each.endsWith('.damaged'))).toBe(true)
    })
})
