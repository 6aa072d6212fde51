// Watchers that do not read: they are cut off, keep nothing alive, and nobody else waits for them.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { request } from 'node:https'
import { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigMap, Namespace } from '../../../src/shared/api/core/v1.ts'
import { FrameQueue } from '../../../src/main/apiserver/endpoints/read/frame-queue.ts'
import { writeRawResponse } from '../../../src/main/apiserver/http/write-raw-response.ts'
import { partsOf, piecesOf } from '../../../src/main/apiserver/http/frame-bytes.ts'
import { lazyFrame } from '../../../src/main/apiserver/representation/representation.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'

const KEPT_EVENTS = 60
const EVENTS = 200
const path = '/api/v1/namespaces/default/configmaps?watch=1'

describe('over one HTTP/2 connection', () => {
  let server: TestApiServer
  let session: ClientHttp2Session
  beforeAll(async () => {
    server = await startTestApiServer({ history: { maxEvents: KEPT_EVENTS } })
    const { caPem, admin } = server.pki
    session = connect(server.url, { ca: caPem, cert: admin.certPem, key: admin.keyPem })
  })
  afterAll(async () => {
    session.destroy()
    await server[Symbol.asyncDispose]()
  })

  /** The window of a stream is full after 64 KiB that nobody reads. */
  async function open(query = ''): Promise<ClientHttp2Stream> {
    const stream = session.request({ ':path': `${path}${query}` })
    stream.on('error', () => undefined)
    await once(stream, 'response')
    return stream.pause()
  }

  function reading(stream: ClientHttp2Stream): string[] {
    const names: string[] = []
    let rest = ''
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) names.push((JSON.parse(line) as { object: ConfigMap }).object.metadata.name)
    })
    stream.resume()
    return names
  }

  test('stalled watches are cut off once they are behind what is kept, while the others see everything', async () => {
    const stalled = await Promise.all(Array.from({ length: 20 }, () => open()))
    const live = await Promise.all(Array.from({ length: 20 }, () => open()))
    const seen = live.map(reading)
    const client = server.clientAs()
    const names = Array.from({ length: EVENTS }, (_, i) => `c${String(i).padStart(3, '0')}`)
    for (const [i, name] of names.entries()) {
      await client.create(ConfigMap, { metadata: { namespace: 'default', name }, data: { text: 'x'.repeat(8_000) } })
      // Who reads keeps up: what is kept is more than what comes between two looks.
      if ((i + 1) % (KEPT_EVENTS / 3) === 0) await eventually(() => seen.every(({ length }) => length > i))
    }
    for (const each of seen) expect(each).toEqual(names)
    for (const stream of stalled) {
      const closed = once(stream, 'close')
      const got = reading(stream)
      await closed
      // What lay in the window of the stream when it was cut off.
      expect(got.length).toBeGreaterThan(0)
      expect(got).toEqual(names.slice(0, got.length))
      expect(got.length).toBeLessThan(EVENTS - KEPT_EVENTS)
    }
    for (const stream of live) expect(stream.closed).toBe(false)
    for (const stream of live) stream.destroy()
  })

  test('who was cut off and goes on from where it was is told that it is too late', async () => {
    const late = await open('&resourceVersion=2')
    let text = ''
    late.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    late.resume()
    await once(late, 'end')
    const { type, object } = JSON.parse(text) as { type: string; object: { code: number; reason: string } }
    expect({ type, code: object.code, reason: object.reason }).toEqual({ type: 'ERROR', code: 410, reason: 'Expired' })
  })

  test('a watch in this process that does not keep up ends with 410', async () => {
    const watch = server
      .clientAs()
      .watch(ConfigMap, { namespace: 'default', resourceVersion: String(server.store.revision) })
    const frames = watch[Symbol.asyncIterator]()
    const first = frames.next()
    const client = server.clientAs()
    for (let i = 0; i <= KEPT_EVENTS + 1; i++)
      await client.create(ConfigMap, { metadata: { namespace: 'default', name: `d${i}` }, data: {} })
    const types = [(await first).value?.type]
    for (let next = await frames.next(); !next.done; next = await frames.next()) types.push(next.value.type)
    expect(types).toEqual(['ADDED', 'ERROR'])
  })

  test('one that falls behind within the state it begins with is not told that this was all', async () => {
    const client = server.clientAs()
    const make = (name: string) => client.create(ConfigMap, { metadata: { namespace: 'initial', name }, data: {} })
    await client.create(Namespace, { metadata: { name: 'initial' }, spec: {} })
    for (let i = 0; i < 300; i++) await make(`a${i}`)
    const frames = server.server.transport(testAdmin).watch({
      method: 'GET',
      path: '/api/v1/namespaces/initial/configmaps',
      query: { allowWatchBookmarks: 'true', sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' },
    })
    const states = frames[Symbol.asyncIterator]()
    const types = [(await states.next()).value?.type]
    for (let i = 0; i <= KEPT_EVENTS + 1; i++) await make(`b${i}`)
    for (let next = await states.next(); !next.done; next = await states.next()) types.push(next.value.type)
    expect([types.length, new Set(types)]).toEqual([257, new Set(['ADDED', 'ERROR'])])
  })
})

describe('over HTTP/1.1', () => {
  let server: TestApiServer
  let identity: { ca: string; cert: string; key: string }
  beforeAll(async () => {
    server = await startTestApiServer()
    const { caPem, admin } = server.pki
    identity = { ca: caPem, cert: admin.certPem, key: admin.keyPem }
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('a client that does not read for a while gets everything, whole, once it goes on', async () => {
    const sent = request(`${server.url}${path}&fieldSelector=metadata.name!=first`, { ...identity, agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.pause()
    const client = server.clientAs()
    // More than a connection holds.
    const names = Array.from({ length: 60 }, (_, i) => `c${i}`)
    for (const name of names)
      await client.create(ConfigMap, { metadata: { namespace: 'default', name }, data: { text: 'ü'.repeat(100_000) } })
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    response.resume()
    const lines = () => text.split('\n').slice(0, -1)
    await eventually(() => lines().length === names.length)
    const seen = lines().map(line => (JSON.parse(line) as { object: ConfigMap }).object)
    expect(seen.map(({ metadata, data }) => [metadata.name, data?.['text']?.length])).toEqual(
      names.map(name => [name, 100_000]),
    )
    sent.destroy()
  })

  test('one that was asked for behind another request of its connection is answered behind it', async () => {
    const socket = tlsConnect({ ...identity, host: '127.0.0.1', port: server.port, ALPNProtocols: ['http/1.1'] })
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'first' } })
    const head = `Host: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\nContent-Length:`
    const collection = '/api/v1/namespaces/default/configmaps'
    socket.write(
      `POST ${collection} HTTP/1.1\r\n${head} ${body.length}\r\n\r\n${body}` +
        `GET ${collection}?watch=1&fieldSelector=metadata.name=first HTTP/1.1\r\n${head} 0\r\n\r\n`,
    )
    await eventually(() => /"type":"ADDED".*\n\r\n$/.test(text))
    const answers = text.split('HTTP/1.1 ').slice(1)
    expect(answers.map(answer => answer.slice(0, 3))).toEqual(['201', '200'])
    const [, size = '', line = ''] = /\r\n\r\n([0-9a-f]+)\r\n(.*\n)\r\n$/.exec(answers[1] ?? '') ?? []
    expect(parseInt(size, 16)).toBe(Buffer.byteLength(line))
    expect(JSON.parse(line)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'first' } } })
    socket.destroy()
  })
})

describe('FrameQueue', () => {
  const frame = (name: string) => lazyFrame('ADDED', { metadata: { name } } as AnyObject, () => Buffer.from(name))
  const queueFrom = (floor: () => number) => {
    const state = { behind: 0, over: 0 }
    return { state, queue: new FrameQueue({ floor, onBehind: () => state.behind++, onOver: () => state.over++ }) }
  }

  test('gives everything queued in order', async () => {
    const { queue } = queueFrom(() => 0)
    queue.push(frame('a'), 1)
    queue.push(frame('b'), 2)
    queue.end(frame('c'))
    const names: string[] = []
    for await (const batch of queue) names.push(...batch.map(({ object }) => object.metadata.name))
    expect(names).toEqual(['a', 'b', 'c'])
  })

  test('lets go of everything when what waits longest is not kept any more, also what is being sent', async () => {
    let floor = 0
    const { queue, state } = queueFrom(() => floor)
    queue.push(frame('a'), 1)
    const batches = queue[Symbol.asyncIterator]()
    await batches.next()
    floor = 1
    queue.push(frame('b'), 2)
    queue.push(frame('c'), 3)
    expect(state.behind).toBe(1)
    expect((await batches.next()).done).toBe(true)
  })

  test('a watcher that has taken everything is never behind', async () => {
    let floor = 0
    const { queue, state } = queueFrom(() => floor)
    const batches = queue[Symbol.asyncIterator]()
    for (let revision = 1; revision <= 1000; revision++) {
      queue.push(frame('a'), revision)
      await batches.next()
      const waits = batches.next()
      floor = revision
      queue.push(frame('b'), revision + 0.5)
      await waits
    }
    expect(state.behind).toBe(0)
  })

  test('the end is told once everything was taken, and what one step brings comes as one batch', async () => {
    const { queue, state } = queueFrom(() => 0)
    const waits = queue.next()
    queue.push(frame('a'), 1)
    queue.push(frame('b'), 2)
    queue.end()
    expect((await waits).value?.map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
    expect(state.over).toBe(0)
    expect(await queue.next()).toEqual({ done: true, value: undefined })
    expect(state.over).toBe(1)
  })

  test('lines go out in pieces: one that is not read holds no more than that', () => {
    const text = JSON.stringify('x'.repeat(10_000))
    const batch = Array.from({ length: 100 }, () => lazyFrame('ADDED', {} as AnyObject, () => Buffer.from(text)))
    const pieces = [...piecesOf(batch, 'line')]
    expect(Buffer.concat(pieces).toString()).toBe(`{"type":"ADDED","object":${text}}\n`.repeat(100))
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(80_000)
  })

  test('what is larger goes out in parts of that, which are the same bytes for all', () => {
    const text = JSON.stringify('x'.repeat(1_000_000))
    const [piece] = piecesOf([lazyFrame('ADDED', {} as AnyObject, () => Buffer.from(text))], 'chunk')
    const parts = partsOf(piece!)
    expect(Buffer.concat([...parts]).equals(piece!)).toBe(true)
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(80_000)
    expect(parts.every(({ buffer }) => buffer === piece!.buffer)).toBe(true)
  })

  test('so it is for who asks for an upgrade that there is not', async () => {
    const taken: number[] = []
    const socket = new Duplex({
      highWaterMark: 1,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        taken.push(chunk.length)
        setImmediate(done)
      },
    })
    const frame = lazyFrame('ADDED', {} as AnyObject, () => Buffer.from(JSON.stringify('x'.repeat(1_000_000))))
    async function* batches() {
      yield [frame]
    }
    const frames = Object.assign(batches(), { over: Promise.resolve() })
    const answer = { code: 200, contentType: 'application/json', frames } as const
    await writeRawResponse(socket, answer, new AbortController().signal)
    await once(socket, 'finish')
    expect(Math.max(...taken)).toBeLessThan(80_000)
    expect(taken.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(1_000_000)
  })

  test('as chunks of HTTP/1.1 they say how long they are, in bytes', () => {
    const frame = lazyFrame('MODIFIED', {} as AnyObject, () => Buffer.from('"ü"'))
    expect([...piecesOf([frame, frame], 'chunk')].join('')).toBe(
      '22\r\n{"type":"MODIFIED","object":"ü"}\n\r\n'.repeat(2),
    )
    expect(frame.line.toString()).toBe('{"type":"MODIFIED","object":"ü"}\n')
  })
})
