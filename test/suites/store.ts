// The store's contract as a specification that every engine passes: `storeSuite(name, { open })`.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import type { Engine, EngineRecord, ObjectStore, Stored, StoreEvent } from '../../src/main/store/contract.ts'
import { openObjectStore, type ObjectStoreOptions } from '../../src/main/store/object-store.ts'
import { eventually } from '../support/eventually.ts'
import { settle } from '../support/manual-clock.ts'
import { randomFrom } from '../support/random.ts'
import { objectNamed, poll } from './store-helpers.ts'

export { objectNamed, poll }

export interface EngineUnderTest {
  /** Opens the engine; a second call, after the first engine was closed, finds what that one wrote. */
  open(): Promise<Engine>
  dispose(): Promise<void>
}

const KEY = '/registry/core/configmaps/default/a'
const PREFIX = '/registry/core/configmaps/'

const code = (error: unknown) => (error as { code?: string }).code

export interface SuiteOptions {
  /** Whether commits on different keys, too, take effect in call order. Default: all do. */
  readonly callOrder?: 'total' | 'per-key'
}

export function storeSuite(
  name: string,
  start: () => Promise<EngineUnderTest>,
  { callOrder = 'total' }: SuiteOptions = {},
): void {
  describe(`${name}: the engine`, () => {
    let under: EngineUnderTest
    let engine: Engine
    beforeEach(async () => {
      under = await start()
      engine = await under.open()
    })
    afterEach(async () => {
      await engine[Symbol.asyncDispose]()
      await under.dispose()
    })
    const reopen = async () => {
      await engine[Symbol.asyncDispose]()
      engine = await under.open()
    }
    const live = async (): Promise<EngineRecord[]> => {
      const records: EngineRecord[] = []
      for await (const batch of engine.load()) records.push(...batch)
      return records.sort((a, b) => (a.key < b.key ? -1 : 1))
    }

    test('commit() answers revisions that increase by one', async () => {
      const before = engine.revision
      expect(await engine.commit([{ key: '/a', value: '1' }])).toBe(before + 1)
      expect(await engine.commit([{ key: '/a', value: '2' }])).toBe(before + 2)
      expect(engine.revision).toBe(before + 2)
    })

    test('commit() keeps call order among concurrent calls', async () => {
      const before = engine.revision
      const revisions = await Promise.all(
        Array.from({ length: 500 }, (_, i) => engine.commit([{ key: `/k${i % 7}`, value: String(i) }])),
      )
      const following = revisions.map((_, i) => before + 1 + i)
      if (callOrder === 'total') expect(revisions).toEqual(following)
      expect([...revisions].sort((a, b) => a - b)).toEqual(following)
      for (let i = 7; i < 500; i++) expect(revisions[i]).toBeGreaterThan(revisions[i - 7]!)
      expect((await live()).map(({ value }) => Number(value))).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map(k => 490 + k + (k < 3 ? 7 : 0)),
      )
    })

    test('commit() writes several keys at one revision, all or none', async () => {
      await engine.commit([{ key: '/exists', value: '1' }])
      const failed = engine.commit([
        { key: '/new', value: '1' },
        { key: '/exists', value: '2', expect: 0 },
      ])
      expect(code(await failed.catch(error => error))).toBe('KeyExists')
      const revision = await engine.commit([
        { key: '/x', value: '1' },
        { key: '/exists', value: null },
      ])
      expect(await live()).toEqual([{ key: '/x', value: '1', revision, createRevision: revision }])
    })

    test('commit() checks each expectation against writes that are still on their way', async () => {
      const results = await Promise.allSettled([
        engine.commit([{ key: '/a', value: '1', expect: 0 }]),
        engine.commit([{ key: '/a', value: '2', expect: 0 }]),
        engine.commit([{ key: '/a', value: '3', expect: 12345 }]),
        engine.commit([{ key: '/a', value: null }]),
        engine.commit([{ key: '/a', value: null }]),
        engine.commit([{ key: '/a', value: '4', expect: 7 }]),
        engine.commit([{ key: '/a', value: '5', expect: 0 }]),
      ])
      const outcome = results.map(result => (result.status === 'fulfilled' ? 'ok' : code(result.reason)))
      expect(outcome).toEqual(['ok', 'KeyExists', 'RevisionConflict', 'ok', 'KeyNotFound', 'KeyNotFound', 'ok'])
      expect((await live()).map(({ value }) => value)).toEqual(['5'])
    })

    test('commit() refuses a key that is written twice in one transaction', async () => {
      const twice = engine.commit([
        { key: '/a', value: '1' },
        { key: '/a', value: '2' },
      ])
      await expect(twice).rejects.toThrow(TypeError)
      await expect(engine.commit([])).rejects.toThrow(TypeError)
    })

    test('commit() refuses a transaction longer than it could read back, and nothing of it is there after a restart', async () => {
      await engine.commit([{ key: '/a', value: '1' }])
      const value = '\u0001'.repeat(1_500_000)
      const long = engine.commit(Array.from({ length: 8 }, (_, i) => ({ key: `/long/${i}`, value })))
      expect(code(await long.catch((error: unknown) => error))).toBe('TooLarge')
      await engine.commit([{ key: '/b', value: '2' }])
      await reopen()
      expect((await live()).map(({ key }) => key)).toEqual(['/a', '/b'])
    })

    test('commit() brings the longest object back, whatever it is written in', async () => {
      const value = '\u0001'.repeat(1_500_000)
      await engine.commit([{ key: '/long', value }])
      await engine.compact(engine.revision, true)
      await reopen()
      expect((await live()).map(record => record.value === value)).toEqual([true])
    })

    test('onCommit() tells every transaction in order, before its commit resolves', async () => {
      const seen: string[] = []
      engine.onCommit(records => seen.push(...records.map(({ key, revision }) => `told ${key} ${revision}`)))
      const before = engine.revision
      const a = engine.commit([{ key: '/a', value: '1' }]).then(revision => seen.push(`done /a ${revision}`))
      const b = engine.commit([{ key: '/b', value: '1' }]).then(revision => seen.push(`done /b ${revision}`))
      await Promise.all([a, b])
      const told = seen.filter(text => text.startsWith('told'))
      if (callOrder === 'total') expect(told).toEqual([`told /a ${before + 1}`, `told /b ${before + 2}`])
      expect(told.map(text => Number(text.split(' ')[2]))).toEqual([before + 1, before + 2])
      for (const text of told) expect(seen.indexOf(text)).toBeLessThan(seen.indexOf(text.replace('told', 'done')))
    })

    test('who waits for many commits at once, and takes long over each, leaves turns to others', async () => {
      let turns = 0
      let done = false
      const count = () => done || (turns++, setImmediate(count))
      const busy = () => {
        for (const until = performance.now() + 2; performance.now() < until;);
      }
      const waiters = Array.from({ length: 50 }, (_, i) => engine.commit([{ key: `/k${i}`, value: '1' }]).then(busy))
      // Turns count from the first that goes on: those before it are the disk's.
      void Promise.race(waiters).then(() => setImmediate(count))
      await Promise.all(waiters)
      done = true
      expect(turns).toBeGreaterThan(5)
    })

    test('onCommit() goes on for others when one listener throws', async () => {
      const seen: number[] = []
      engine.onCommit(() => {
        throw new Error('a broken listener')
      })
      engine.onCommit(records => seen.push(records[0]!.revision))
      const revision = await engine.commit([{ key: '/a', value: '1' }])
      expect(seen).toEqual([revision])
    })

    test('load() streams the newest record of every key that exists, after a restart too', async () => {
      const first = await engine.commit([{ key: '/a', value: 'old' }])
      const last = await engine.commit([{ key: '/a', value: 'new' }])
      await engine.commit([{ key: '/gone', value: '1' }])
      await engine.commit([{ key: '/gone', value: null }])
      const expected = [{ key: '/a', value: 'new', revision: last, createRevision: first }]
      expect(await live()).toEqual(expected)
      await reopen()
      expect(await live()).toEqual(expected)
    })

    test('load() starts createRevision anew for a key that is created again', async () => {
      await engine.commit([{ key: '/a', value: '1' }])
      await engine.commit([{ key: '/a', value: null }])
      const again = await engine.commit([{ key: '/a', value: '2' }])
      await reopen()
      expect(await live()).toEqual([{ key: '/a', value: '2', revision: again, createRevision: again }])
    })

    test('load() brings every text back as it was, whatever characters it holds', async () => {
      const texts = [
        'line\nend\r\n',
        '\u0085 \u2028 \u2029',
        '\u0000\u001f"\\',
        '🚢 ünïcödé \ufeff',
        '{"__proto__":{"x":1},"$set":{"a.b":2}}',
        JSON.stringify('\ud800 lone'),
        '',
        'x'.repeat(2_000_000),
      ]
      const odd = '/odd \u2028 $key.with "quotes" \u0085'
      await Promise.all(texts.map((value, i) => engine.commit([{ key: `/t${i}`, value }])))
      await engine.commit([{ key: odd, value: '1' }])
      await reopen()
      const records = new Map((await live()).map(({ key, value }) => [key, value]))
      expect(texts.map((_, i) => records.get(`/t${i}`))).toEqual(texts)
      expect(records.get(odd)).toBe('1')
    })

    test('revision never goes back over a restart, whatever was deleted', async () => {
      await engine.commit([{ key: '/a', value: '1' }])
      const last = await engine.commit([{ key: '/a', value: null }])
      await reopen()
      expect(engine.revision).toBe(last)
      await reopen()
      expect(await engine.commit([{ key: '/b', value: '1' }])).toBe(last + 1)
    })

    test('compact() keeps the state, refuses the future and remembers its revision', async () => {
      for (let i = 0; i < 20; i++) await engine.commit([{ key: '/a', value: String(i) }])
      const before = await live()
      await engine.compact(engine.revision)
      expect(await live()).toEqual(before)
      expect(code(await engine.compact(engine.revision + 1).catch(error => error))).toBe('FutureRevision')
      const { revision, compactedRevision } = engine
      await reopen()
      expect(engine.compactedRevision).toBe(compactedRevision)
      expect(engine.revision).toBe(revision)
      expect(await live()).toEqual(before)
    })

    test('health() is ok, then closed; a closed engine refuses with Closed', async () => {
      expect(engine.health()).toEqual({ state: 'ok', detail: '' })
      await engine[Symbol.asyncDispose]()
      expect(engine.health().state).toBe('closed')
      expect(code(await engine.commit([{ key: '/a', value: '1' }]).catch(error => error))).toBe('Closed')
    })

    test('closing waits for what is on its way', async () => {
      const pending = Promise.all(Array.from({ length: 50 }, (_, i) => engine.commit([{ key: `/${i}`, value: 'x' }])))
      await reopen()
      await pending
      expect(await live()).toHaveLength(50)
    })
  })

  describe(`${name}: the object store`, () => {
    let under: EngineUnderTest
    let store: ObjectStore
    const open = async (options?: ObjectStoreOptions) => {
      store = await openObjectStore(await under.open(), { compactEveryMs: 0, ...options })
    }
    const reopen = async (options?: ObjectStoreOptions) => {
      await store[Symbol.asyncDispose]()
      await open(options)
    }
    beforeEach(async () => {
      under = await start()
      await open()
    })
    afterEach(async () => {
      await store[Symbol.asyncDispose]()
      await under.dispose()
    })
    const names = (items: readonly Stored[]) => items.map(({ object }) => object.metadata.name)
    const add = (name: string, data?: Record<string, unknown>) =>
      store.create(`${PREFIX}default/${name}`, objectNamed(name, data))

    test('create() answers the object with its revision as resourceVersion', async () => {
      const draft = objectNamed('a', { k: 'v' })
      const stored = await store.create(KEY, draft)
      expect(stored.object).toEqual({
        ...draft,
        metadata: { ...draft.metadata, resourceVersion: String(store.revision) },
      })
      expect(stored).toMatchObject({ key: KEY, revision: store.revision, createRevision: store.revision })
      expect(store.get(KEY)).toBe(stored)
      expect(draft.metadata.resourceVersion).toBe('ignored')
    })

    test('create() keeps its own copy: a later change of the draft does not reach the store', async () => {
      const draft = objectNamed('a', { k: 'v' })
      await store.create(KEY, draft)
      draft['data'] = { k: 'changed' }
      expect(store.get(KEY)!.object['data']).toEqual({ k: 'v' })
    })

    test('create() answers KeyExists for a key that exists, also for two at once', async () => {
      const results = await Promise.allSettled([add('a'), add('a')])
      expect(results.map(result => (result.status === 'fulfilled' ? 'ok' : code(result.reason)))).toEqual([
        'ok',
        'KeyExists',
      ])
      expect(code(await add('a').catch(error => error))).toBe('KeyExists')
    })

    test('update() replaces the object and keeps its createRevision', async () => {
      const first = await add('a')
      const second = await store.update(KEY, objectNamed('a', { n: 2 }), first.revision)
      expect(second).toMatchObject({ createRevision: first.revision, revision: first.revision + 1 })
      expect(store.get(KEY)).toBe(second)
      expect(first.object['data']).toEqual({})
    })

    test('update() answers RevisionConflict for a stale revision and lets one of two racers win', async () => {
      const { revision } = await add('a')
      const race = await Promise.allSettled([
        store.update(KEY, objectNamed('a', { n: 1 }), revision),
        store.update(KEY, objectNamed('a', { n: 2 }), revision),
      ])
      expect(race.map(result => (result.status === 'fulfilled' ? 'ok' : code(result.reason)))).toEqual([
        'ok',
        'RevisionConflict',
      ])
      const stale = store.update(KEY, objectNamed('a'), revision)
      expect(code(await stale.catch(error => error))).toBe('RevisionConflict')
    })

    test('update() and delete() answer KeyNotFound for a key that does not exist', async () => {
      expect(code(await store.update(KEY, objectNamed('a'), 1).catch(error => error))).toBe('KeyNotFound')
      expect(code(await store.delete(KEY, 1).catch(error => error))).toBe('KeyNotFound')
    })

    test("delete() answers the last state with the deletion's revision", async () => {
      const created = await add('a', { k: 'v' })
      const deleted = await store.delete(KEY, created.revision)
      expect(deleted.revision).toBe(created.revision + 1)
      expect(deleted.object.metadata.resourceVersion).toBe(String(deleted.revision))
      expect(deleted.object['data']).toEqual({ k: 'v' })
      expect(created.object.metadata.resourceVersion).toBe(String(created.revision))
      expect(store.get(KEY)).toBeUndefined()
    })

    test('__proto__ and constructor are ordinary fields, over a restart too', async () => {
      const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a.b":1,"$set":2}'
      await add('a', JSON.parse(text) as Record<string, unknown>)
      await reopen()
      expect(JSON.stringify(store.get(KEY)!.object['data'])).toBe(text)
      expect(JSON.parse(store.json(store.get(KEY)!).toString())).toEqual(store.get(KEY)!.object)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    })

    test('a field named __proto__ at the top and in metadata survives', async () => {
      const top = JSON.parse('{"__proto__":{"p":1},"metadata":{"name":"a","__proto__":{"q":2}}}') as AnyObject
      await store.create(KEY, top)
      await reopen()
      expect(JSON.stringify(store.get(KEY)!.object)).toContain('"__proto__":{"p":1}')
      expect(JSON.stringify(store.get(KEY)!.object.metadata)).toContain('"__proto__":{"q":2}')
    })

    test('list() answers keys in order, only those under the prefix', async () => {
      for (const name of ['c', 'a', 'b']) await add(name)
      await store.create('/registry/core/configmaps2/default/x', objectNamed('x'))
      await store.create('/registry/core/configmaps/other/z', objectNamed('z'))
      expect(names(store.list(`${PREFIX}default/`).items)).toEqual(['a', 'b', 'c'])
      expect(names(store.list(PREFIX).items)).toEqual(['a', 'b', 'c', 'z'])
      expect(store.list('/registry/apps/deployments/')).toEqual({
        items: [],
        revision: store.revision,
        more: false,
        remaining: 0,
      })
    })

    test('list() pages with limit and after, and counts what remains', async () => {
      await Promise.all(Array.from({ length: 25 }, (_, i) => add(`n${String(i).padStart(2, '0')}`)))
      const seen: string[] = []
      let after: string | undefined
      const remains: (number | undefined)[] = []
      for (;;) {
        const page = store.list(PREFIX, { limit: 10, ...(after ? { after } : {}) })
        seen.push(...names(page.items))
        remains.push(page.remaining)
        if (!page.more) break
        after = page.items.at(-1)!.key
      }
      expect(seen).toHaveLength(25)
      expect(seen).toEqual([...seen].sort())
      expect(remains).toEqual([15, 5, 0])
    })

    test('list() with a filter says whether more follow without counting them', async () => {
      for (let i = 0; i < 10; i++) await add(`n${i}`, { odd: i % 2 })
      const match = ({ object }: Stored) => (object['data'] as { odd: number }).odd === 1
      const page = store.list(PREFIX, { limit: 4, match })
      expect(names(page.items)).toEqual(['n1', 'n3', 'n5', 'n7'])
      expect(page).toMatchObject({ more: true })
      expect(page.remaining).toBeUndefined()
      expect(store.list(PREFIX, { limit: 5, match }).more).toBe(false)
    })

    test('list() shows the state at an older revision', async () => {
      const a = await add('a', { n: 1 })
      await add('b')
      const c = await add('c')
      const then = store.revision
      await store.update(a.key, objectNamed('a', { n: 2 }), a.revision)
      await store.delete(c.key, c.revision)
      await add('d')
      const b = store.get(`${PREFIX}default/b`)!
      await store.delete(b.key, b.revision)
      await add('b', { again: true })
      const page = store.list(PREFIX, { revision: then })
      expect(page.revision).toBe(then)
      expect(names(page.items)).toEqual(['a', 'b', 'c'])
      expect(page.items.map(({ object }) => object['data'])).toEqual([{ n: 1 }, {}, {}])
      expect(store.list(PREFIX, { revision: then, limit: 1 })).toMatchObject({ more: true, remaining: 2 })
      expect(names(store.list(PREFIX, { revision: then, after: a.key, limit: 1 }).items)).toEqual(['b'])
      expect(names(store.list(PREFIX).items)).toEqual(['a', 'b', 'd'])
    })

    test('watch() from a revision to come tells what is after it', async () => {
      const seen: string[] = []
      const from = store.revision + 2
      store.watch(PREFIX, { from, onEvent: ({ current }) => seen.push(current.key), onEnd: () => undefined })
      const [, , third] = [await add('first'), await add('second'), await add('third')]
      await eventually(() => expect(seen).toEqual([third.key]))
    })

    test('reached() resolves with the revision, and rejects with the signal', async () => {
      const { signal } = new AbortController()
      const next = store.revision + 1
      let isThere = false
      const there = store.reached(next, signal).then(() => (isThere = true))
      await settle()
      expect(isThere).toBe(false)
      await add('next')
      await there
      await store.reached(next, signal)
      const stop = new AbortController()
      const waiting = store.reached(store.revision + 1, stop.signal)
      stop.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow('enough')
    })

    test('list() answers FutureRevision, and watch() Compacted as well', async () => {
      for (let i = 0; i < 5; i++) await add(`n${i}`)
      const future = store.revision + 1
      const attempt = (run: () => unknown) => {
        try {
          run()
        } catch (error) {
          return code(error)
        }
        return 'ok'
      }
      const watch = (from: number) => () =>
        store.watch(PREFIX, { from, onEvent: () => undefined, onEnd: () => undefined }).close()
      expect(attempt(() => store.list(PREFIX, { revision: future }))).toBe('FutureRevision')
      const middle = store.revision - 2
      await store.compact(middle)
      expect(store.compactedRevision).toBe(middle)
      expect(attempt(() => store.list(PREFIX, { revision: middle - 1 }))).toBe('Compacted')
      expect(attempt(watch(middle - 1))).toBe('Compacted')
      expect(attempt(() => store.list(PREFIX, { revision: middle }))).toBe('ok')
      expect(attempt(watch(middle))).toBe('ok')
      expect(code(await store.compact(store.revision + 1).catch(error => error))).toBe('FutureRevision')
    })

    test('list() by a field gives what has the value, whatever was written since it was asked first', async () => {
      const colour = {
        field: 'data.colour',
        read: (object: AnyObject) => (object['data'] as { colour: string }).colour,
      }
      const reds = (options: Parameters<typeof store.list>[1] = {}, prefix = PREFIX) =>
        store.list(prefix, { trigger: { ...colour, value: 'red' }, ...options })
      const there = new Map<string, Stored>()
      const random = randomFrom(7)
      const names = Array.from({ length: 30 }, (_, i) => `${i % 2 ? 'default' : 'other'}/n${i}`)
      const remembered: { revision: number; keys: string[] }[] = []
      for (let step = 0; step < 300; step++) {
        const key = `${PREFIX}${names[Math.floor(random() * names.length)] ?? ''}`
        const known = there.get(key)
        const draft = objectNamed(key.split('/').at(-1) ?? '', { colour: random() < 0.5 ? 'red' : 'blue' })
        if (known && random() < 0.3) {
          await store.delete(key, known.revision)
          there.delete(key)
        } else there.set(key, known ? await store.update(key, draft, known.revision) : await store.create(key, draft))
        const expected = [...there.values()].filter(({ object }) => colour.read(object) === 'red')
        const keys = expected.map(stored => stored.key).sort()
        expect(reds()).toMatchObject({ items: keys.map(at => there.get(at)), revision: store.revision, more: false })
        expect(reds({ limit: 2 }).items).toEqual(reds().items.slice(0, 2))
        expect(reds({ after: keys[1] ?? `${PREFIX}~` }).items).toEqual(reds().items.slice(2))
        expect(reds({}, `${PREFIX}other/`).items).toEqual(reds().items.filter(({ key }) => key.includes('/other/')))
        if (step % 50 === 0) remembered.push({ revision: store.revision, keys })
      }
      for (const { revision, keys } of remembered) {
        const then = reds({ revision, match: ({ object }) => colour.read(object) === 'red' }).items
        expect(then.map(({ key }) => key)).toEqual(keys)
      }
    })

    test('watch() tells ADDED, MODIFIED and DELETED with the state before', async () => {
      const events: StoreEvent[] = []
      store.watch(PREFIX, {
        from: store.revision,
        onEvent: event => events.push(event),
        onEnd: () => events.push('ended' as never),
      })
      const a = await add('a')
      const b = await store.update(KEY, objectNamed('a', { n: 2 }), a.revision)
      await store.create('/registry/core/secrets/default/s', objectNamed('s'))
      const c = await store.delete(KEY, b.revision)
      expect(events).toEqual([
        { type: 'ADDED', revision: a.revision, current: a },
        { type: 'MODIFIED', revision: b.revision, current: b, previous: a },
        { type: 'DELETED', revision: c.revision, current: c, previous: b },
      ])
    })

    test('watch() from an older revision tells what happened since, then goes on without a gap', async () => {
      const from = store.revision
      for (let i = 0; i < 300; i++) await add(`old${i}`)
      const seen: number[] = []
      store.watch(PREFIX, { from, onEvent: event => seen.push(event.revision), onEnd: () => undefined })
      await Promise.all(Array.from({ length: 300 }, (_, i) => add(`new${i}`)))
      await poll(() => seen.length >= 600)
      expect(seen).toEqual(Array.from({ length: 600 }, (_, i) => from + 1 + i))
    })

    test('watch() is never called again after close(), not even from inside an event', async () => {
      const seen: string[] = []
      const handle = store.watch(PREFIX, {
        from: store.revision,
        onEvent: event => {
          seen.push(event.current.key)
          handle.close()
        },
        onEnd: () => seen.push('ended'),
      })
      await Promise.all([add('a'), add('b')])
      await reopen()
      expect(seen).toHaveLength(1)
      if (callOrder === 'total') expect(seen).toEqual([KEY])
    })

    test('a watcher that throws ends alone; the others and the writer go on', async () => {
      const seen: string[] = []
      store.watch(PREFIX, {
        from: store.revision,
        onEvent: () => {
          throw new Error('a broken watcher')
        },
        onEnd: error => {
          seen.push(`end ${error.code}`)
          throw new Error('broken to the end')
        },
      })
      store.watch(PREFIX, {
        from: store.revision,
        onEvent: event => seen.push(event.type),
        onEnd: () => undefined,
      })
      await add('a')
      await add('b')
      expect(seen).toEqual(['end Closed', 'ADDED', 'ADDED'])
    })

    test('watch() that falls behind the ring ends with Compacted', async () => {
      await reopen({ history: { maxEvents: 10 } })
      const from = store.revision
      await add('first')
      const ended: string[] = []
      const seen: number[] = []
      store.watch(PREFIX, { from, onEvent: event => seen.push(event.revision), onEnd: error => ended.push(error.code) })
      // In the same turn of the event loop: the watcher has had no chance to catch up yet.
      await store.compact(store.revision)
      await poll(() => ended.length > 0)
      expect(ended).toEqual(['Compacted'])
      expect(seen).toEqual([])
    })

    test('history is bounded: what leaves the ring answers Compacted', async () => {
      await reopen({ history: { maxEvents: 10 } })
      const from = store.revision
      for (let i = 0; i < 12; i++) await add(`n${i}`)
      expect(store.compactedRevision).toBe(from + 2)
      expect(() => store.list(PREFIX, { revision: from + 1 })).toThrow(/compacted/)
      expect(store.list(PREFIX, { revision: from + 2 }).items).toHaveLength(2)
    })

    test('closing ends every watch with Closed', async () => {
      const ended: string[] = []
      store.watch(PREFIX, { from: store.revision, onEvent: () => undefined, onEnd: error => ended.push(error.code) })
      await reopen()
      expect(ended).toEqual(['Closed'])
    })

    test('json() encodes an object once and shares the bytes', async () => {
      const stored = await add('a', { k: 'ü \u2028' })
      expect(JSON.parse(store.json(stored).toString('utf8'))).toEqual(stored.object)
      expect(store.json(stored)).toBe(store.json(stored))
    })

    test('text() gives what was stored, without the revision, to whoever asks before the object is another', async () => {
      const fields = { k: 'ü \u2028 \ud800', resourceVersion: '1' }
      const stored = await add('a', fields)
      const { resourceVersion: _, ...metadata } = stored.object.metadata
      const text = store.text(stored)
      const changed = await store.update(stored.key, { ...stored.object, data: {} }, stored.revision)
      expect(store.text(stored)).toBeUndefined()
      expect(text?.()).toBe(JSON.stringify({ ...stored.object, metadata }))
      expect(JSON.parse(store.text(changed)!())).toEqual({ ...stored.object, metadata, data: {} })
    })

    test('text() knows none of an object that its text begins otherwise than usual', async () => {
      const { metadata, data: _, ...rest } = objectNamed('a')
      const stored = await store.create(KEY, { metadata, ...rest })
      expect(store.json(stored).toString()).toContain(`"resourceVersion":"${stored.revision}"`)
      expect(store.text(stored)).toBeUndefined()
      // Metadata of something else, that happen to tell the same revision.
      const next = stored.revision + 1
      const data = { metadata: { resourceVersion: `${next}`, more: 1 } }
      const odd = { data, ...rest, metadata }
      const changed = await store.update(KEY, odd, stored.revision)
      expect(changed.revision).toBe(next)
      expect(store.json(changed).indexOf('data')).toBe(2)
      expect(store.text(changed)).toBeUndefined()
    })

    test('everything is there after a restart, revisions included', async () => {
      const created = await Promise.all(Array.from({ length: 200 }, (_, i) => add(`n${i}`, { i })))
      const { revision } = store
      await reopen()
      expect(store.revision).toBe(revision)
      for (const stored of created) expect(store.get(stored.key)).toEqual(stored)
      expect(store.list(PREFIX).items).toHaveLength(200)
      expect(store.compactedRevision).toBe(revision)
    })
  })
}
