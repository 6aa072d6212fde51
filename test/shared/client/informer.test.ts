// The informer against a scripted transport: it exists to inject the faults that a healthy server does not show.
import { describe, expect, test } from 'vitest'
import { ConfigMap } from '../../../src/shared/api/core/v1.ts'
import { Informer } from '../../../src/shared/client/informer.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { createClient } from '../../../src/shared/client/typed-client.ts'
import type { Transport, TransportRequest, WatchFrame } from '../../../src/shared/client/transport.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { ApiError, gone } from '../../../src/shared/machinery/status.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'

const configMap = (name: string, resourceVersion: number, uid = `uid-${name}`): AnyObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'ns',
    uid,
    resourceVersion: String(resourceVersion),
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
})

type Step = WatchFrame | 'end' | Error

class ScriptedTransport implements Transport {
  readonly requests: TransportRequest[] = []
  readonly watches: { query: TransportRequest['query']; push: (step: Step) => void }[] = []
  answers: (() => unknown)[] = []

  async request(request: TransportRequest): Promise<unknown> {
    this.requests.push(request)
    const answer = this.answers.shift()
    if (!answer) throw new Error('no answer is scripted')
    return answer()
  }
  async *watch(request: TransportRequest): AsyncGenerator<WatchFrame> {
    const steps: Step[] = []
    let wake = () => {}
    this.watches.push({
      query: request.query,
      push: step => {
        steps.push(step)
        wake()
      },
    })
    request.signal?.addEventListener('abort', () => wake())
    for (;;) {
      const step = steps.shift()
      if (step === 'end' || request.signal?.aborted) return
      if (step instanceof Error) throw step
      if (step) yield step
      else await new Promise<void>(resolve => (wake = resolve))
    }
  }
  list(items: AnyObject[], resourceVersion: number): void {
    this.answers.push(() => ({ items, metadata: { resourceVersion: String(resourceVersion) } }))
  }
  get last() {
    return this.watches.at(-1)!
  }
}

function setUp() {
  const transport = new ScriptedTransport()
  const clock = new ManualClock()
  const log: string[] = []
  const errors: unknown[] = []
  const stop = new AbortController()
  const informer = new Informer(createClient(transport), ConfigMap, {
    clock,
    random: () => 0,
    onError: e => errors.push(e),
  })
  informer.on({
    added: (o, initial) => log.push(`+${o.metadata.name}${initial ? '!' : ''}`),
    updated: (o, old) => log.push(`~${o.metadata.name} ${old.metadata.resourceVersion}→${o.metadata.resourceVersion}`),
    deleted: o => log.push(`-${o.metadata.name}`),
  })
  return { transport, clock, log, errors, stop, informer }
}

describe('Informer', () => {
  test('lists once, then watches from the revision of the list', async () => {
    const { transport, log, stop, informer } = setUp()
    transport.list([configMap('a', 3), configMap('b', 4)], 7)
    void informer.start(stop.signal)
    await informer.synced()
    await settle()
    expect(log).toEqual(['+a!', '+b!'])
    expect(transport.last.query).toMatchObject({ resourceVersion: '7', allowWatchBookmarks: 'true' })
    transport.last.push({ type: 'ADDED', object: configMap('c', 8) })
    transport.last.push({ type: 'MODIFIED', object: configMap('a', 9) })
    transport.last.push({ type: 'DELETED', object: configMap('b', 10) })
    await settle()
    expect(log.slice(2)).toEqual(['+c', '~a 3→9', '-b'])
    expect(informer.lister.list().map(o => o.metadata.name)).toEqual(['a', 'c'])
    stop.abort()
  })

  test('resumes after the last event or bookmark when a watch ends, without listing again', async () => {
    const { transport, clock, stop, informer } = setUp()
    transport.list([], 1)
    void informer.start(stop.signal)
    await settle()
    transport.last.push({ type: 'ADDED', object: configMap('a', 5) })
    transport.last.push({ type: 'BOOKMARK', object: configMap('', 42) })
    await settle()
    transport.last.push('end')
    await clock.advance(60_000)
    expect(transport.requests).toHaveLength(1)
    expect(transport.watches).toHaveLength(2)
    expect(transport.last.query).toMatchObject({ resourceVersion: '42' })
    expect(informer.lister.size).toBe(1)
    stop.abort()
  })

  test.each([
    ['an ERROR frame', (): Step => ({ type: 'ERROR', object: gone('too old').status as unknown as AnyObject })],
    ['a refused watch', (): Step => gone('too old resource version: 1 (5)')],
  ])('lists again after 410 in %s and tells the difference as events', async (_name, expired) => {
    const { transport, clock, log, errors, stop, informer } = setUp()
    transport.list([configMap('gone', 1), configMap('same', 2), configMap('changed', 3), configMap('again', 4)], 5)
    void informer.start(stop.signal)
    await settle()
    log.length = 0
    transport.list(
      [configMap('same', 2), configMap('changed', 8), configMap('again', 9, 'other'), configMap('new', 7)],
      9,
    )
    transport.last.push(expired())
    await clock.advance(60_000)
    expect(log).toEqual(['~changed 3→8', '-again', '+again', '+new', '-gone'])
    expect(transport.last.query).toMatchObject({ resourceVersion: '9' })
    expect(errors).toEqual([])
    stop.abort()
  })

  test('retries a failing list with growing delays, and reports every error', async () => {
    const { transport, clock, errors, stop, informer } = setUp()
    const refuse = () => {
      throw new ApiError(503, 'ServiceUnavailable', 'starting')
    }
    transport.answers = [refuse, refuse, refuse]
    void informer.start(stop.signal)
    await settle()
    expect(transport.requests).toHaveLength(1)
    await clock.advance(200)
    expect(transport.requests).toHaveLength(2)
    await clock.advance(399)
    expect(transport.requests).toHaveLength(2)
    await clock.advance(1)
    expect(transport.requests).toHaveLength(3)
    expect(informer.hasSynced).toBe(false)
    transport.list([], 1)
    await clock.advance(800)
    expect(informer.hasSynced).toBe(true)
    expect(errors).toHaveLength(3)
    stop.abort()
  })

  test('tells nothing and leaves no timer once its signal aborts', async () => {
    const { transport, clock, log, stop, informer } = setUp()
    transport.list([], 1)
    const running = informer.start(stop.signal)
    await settle()
    const { push } = transport.last
    stop.abort()
    push({ type: 'ADDED', object: configMap('late', 2) })
    await running
    expect(log).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('synced() rejects when it is stopped before the first list', async () => {
    const { informer, stop } = setUp()
    stop.abort(new Error('stopped'))
    void informer.start(stop.signal)
    await expect(informer.synced()).rejects.toThrow('stopped')
  })

  test('on() delivers what the cache already holds to a late handler', async () => {
    const { transport, stop, informer } = setUp()
    transport.list([configMap('a', 1)], 1)
    void informer.start(stop.signal)
    await informer.synced()
    const late: string[] = []
    const off = informer.on({ added: o => late.push(o.metadata.name) })
    expect(late).toEqual(['a'])
    off()
    await settle()
    transport.last.push({ type: 'ADDED', object: configMap('b', 2) })
    await settle()
    expect(late).toEqual(['a'])
    stop.abort()
  })

  test('an index follows additions, changes and deletions, also when first used late', async () => {
    const { transport, stop, informer } = setUp()
    const labelled = (name: string, rv: number, app: string) => {
      const object = configMap(name, rv)
      object.metadata.labels = { app }
      return object
    }
    const byApp = { name: 'app', values: (o: ConfigMap) => [o.metadata.labels?.['app'] ?? ''] }
    const names = (app: string) => informer.lister.by(byApp, app).map(o => o.metadata.name)
    transport.list([labelled('a', 1, 'x'), labelled('b', 2, 'x')], 2)
    void informer.start(stop.signal)
    await settle()
    expect(names('x')).toEqual(['a', 'b'])
    transport.last.push({ type: 'MODIFIED', object: labelled('a', 3, 'y') })
    transport.last.push({ type: 'DELETED', object: labelled('b', 4, 'x') })
    await settle()
    expect([names('x'), names('y')]).toEqual([[], ['a']])
    stop.abort()
  })
})

describe('InformerFactory', () => {
  test('shares one list and one watch per kind and scope', async () => {
    const transport = new ScriptedTransport()
    transport.list([configMap('a', 1)], 1)
    transport.list([], 1)
    const stop = new AbortController()
    const factory = new InformerFactory(createClient(transport), new ManualClock())
    const all = factory.informer(ConfigMap)
    expect(factory.informer(ConfigMap)).toBe(all)
    expect(factory.informer(ConfigMap, { labelSelector: 'a=b' })).not.toBe(all)
    factory.start(stop.signal)
    await factory.synced()
    expect(transport.requests.map(r => r.query?.['labelSelector'])).toEqual([undefined, 'a=b'])
    stop.abort()
  })
})
