// Clients that ask and do not read: what is made for them is bounded, in time and in bytes, and nobody else notices.
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { request } from 'node:https'
import { describe, expect, test } from 'vitest'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import type { UnreadLimits } from '../../../src/main/apiserver/http/unread-answers.ts'
import { deferred } from '../../../src/shared/machinery/deferred.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, type TestApiServer, type TestApiServerOptions } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { CONFIG_MAPS, configMap, PODS, pod, raw } from './support/raw.ts'

const SIZE = 500_000

async function withLarge(unreadLimits: UnreadLimits, options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const server = await startTestApiServer({ unreadLimits, ...options })
  await raw(server, CONFIG_MAPS, { body: configMap('large', { data: { text: 'x'.repeat(SIZE) } }) })
  return server
}

/** A connection whose streams may send nothing until they are read. */
function unreading({ url, pki }: TestApiServer): ClientHttp2Session {
  const { certPem: cert, keyPem: key } = pki.admin
  const session = connect(url, { ca: pki.caPem, cert, key, settings: { initialWindowSize: 0 } })
  return session.on('error', () => undefined)
}

async function ask(session: ClientHttp2Session, path: string, accept = 'application/json') {
  const stream = session.request({ ':path': path, accept }).on('error', () => undefined)
  await once(stream, 'response')
  return stream.pause()
}

describe('an answer that its client does not read', () => {
  test.each([
    ['whole', CONFIG_MAPS + '/large', 'application/json'],
    ['in chunks', CONFIG_MAPS, 'application/yaml'],
  ])('%s is cut off after its time, and the connection goes on', async (_how, path, accept) => {
    const clock = new ManualClock()
    await using server = await withLarge({ waitMs: 60_000, bytes: 10 * SIZE }, { clock })
    const session = unreading(server)
    const stream = await ask(session, path, accept)
    // What is written after the headers waits from then on.
    await eventually(async () => {
      await clock.advance(60_000)
      expect(stream.closed).toBe(true)
    })
    session.settings({ initialWindowSize: 1_000_000 })
    const next = await ask(session, `${CONFIG_MAPS}/large`)
    let bytes = 0
    next.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume()
    await once(next, 'end')
    expect(bytes).toBeGreaterThan(SIZE)
    session.destroy()
  })
  test('goes first where all that waits is too much, and later ones stay', async () => {
    await using server = await withLarge({ waitMs: 60_000, bytes: 2.5 * SIZE })
    const session = unreading(server)
    const streams: Awaited<ReturnType<typeof ask>>[] = []
    for (let i = 0; i < 4; i++) streams.push(await ask(session, `${CONFIG_MAPS}/large`))
    await eventually(() => streams[0]!.closed && streams[1]!.closed)
    expect(streams.map(({ closed }) => closed)).toEqual([true, true, false, false])
    session.destroy()
    // What was held is free again.
    const again = unreading(server)
    const [one, two] = [await ask(again, `${CONFIG_MAPS}/large`), await ask(again, `${CONFIG_MAPS}/large`)]
    // A small one: until it is read, this counts as well.
    expect((await raw(server, PODS)).code).toBe(200)
    expect([one.closed, two.closed]).toEqual([false, false])
    again.destroy()
  })
})

test('nothing is encoded for a client that has gone', async () => {
  let made = 0
  const [asked, go] = [deferred<AbortSignal>(), deferred()]
  const handler: SubresourceHandler = {
    group: '',
    resource: 'pods',
    subresource: 'slow',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    methods: { GET: 'get' },
    async handle({ signal }) {
      asked.resolve(signal)
      await go.promise
      return { code: 200, object: {}, json: () => Buffer.from(`{"made":${++made}}`) }
    },
  }
  await using server = await startTestApiServer({ subresources: [handler] })
  await raw(server, PODS, { body: pod('p') })
  const session = unreading(server)
  const stream = session.request({ ':path': `${PODS}/p/slow` }).on('error', () => undefined)
  const signal = await asked.promise
  stream.close()
  await eventually(() => signal.aborted)
  go.resolve()
  session.destroy()
  const { json } = await raw(server, `${PODS}/p/slow`)
  expect(json).toEqual({ made: 1 })
})

test('what was made for clients that went meanwhile does not count against others of theirs', async () => {
  let [asked, go] = [deferred<AbortSignal>(), deferred()]
  const handler: SubresourceHandler = {
    group: '',
    resource: 'pods',
    subresource: 'slow',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    methods: { GET: 'get' },
    handle: ({ signal }) => {
      async function* made() {
        asked.resolve(signal)
        await go.promise
        yield Buffer.alloc(SIZE, '"')
      }
      return Promise.resolve({ code: 200, object: {}, json: made })
    },
  }
  await using server = await withLarge({ waitMs: 600_000, bytes: 2.5 * SIZE }, { subresources: [handler] })
  await raw(server, PODS, { body: pod('p') })
  const session = unreading(server)
  const first = await ask(session, `${CONFIG_MAPS}/large`)
  for (let i = 0; i < 4; i++) {
    ;[asked, go] = [deferred(), deferred()]
    const stream = session.request({ ':path': `${PODS}/p/slow` }).on('error', () => undefined)
    const signal = await asked.promise
    stream.close()
    await eventually(() => signal.aborted)
    go.resolve()
    expect((await raw(server, PODS)).code).toBe(200)
  }
  expect(first.closed).toBe(false)
  session.destroy()
})

describe.each(['body', 'passOn'] as const)('a body that is asked for by %s when its client has gone', read => {
  test.each(['1.1', '2'])('is told to be gone at once, over HTTP/%s', async version => {
    const [asked, go, told] = [deferred<AbortSignal>(), deferred(), deferred<unknown>()]
    const handler: SubresourceHandler = {
      group: '',
      resource: 'pods',
      subresource: 'slow',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      methods: { POST: 'create' },
      async handle(given) {
        asked.resolve(given.signal)
        await go.promise
        told.resolve(await given[read]?.().catch((error: unknown) => error))
        return { code: 200, object: {} }
      },
    }
    await using server = await startTestApiServer({ subresources: [handler] })
    const path = `${PODS}/p/slow`
    const session = unreading(server)
    const { certPem: cert, keyPem: key } = server.pki.admin
    const stream =
      version === '2'
        ? session.request({ ':method': 'POST', ':path': path })
        : request(`${server.url}${path}`, { method: 'POST', ca: server.pki.caPem, cert, key })
    stream.on('error', () => undefined).write('{')
    const signal = await asked.promise
    stream.destroy()
    await eventually(() => signal.aborted)
    go.resolve()
    expect(await told.promise).toMatchObject({ code: 400, message: expect.stringContaining('went away') as string })
    session.destroy()
  })
})
