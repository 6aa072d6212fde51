// What clients make the server hold: bodies that come in, answers that are not read. Who takes the most gives some up.
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SharedBytes } from '../../../src/main/apiserver/http/shared-bytes.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

describe('SharedBytes', () => {
  const limited = (givesUp: 'oldest' | 'newest') => {
    const shared = new SharedBytes(100, givesUp)
    const gone: string[] = []
    const hold = (user: string, name: string, bytes: number) => shared.hold(user, bytes, () => gone.push(name))
    return { gone, hold }
  }

  test.each([
    ['oldest', ['a1', 'a2']],
    ['newest', ['a3', 'a2']],
  ] as const)('whoever holds the most gives up the %s, as much as is needed', (givesUp, expected) => {
    const { gone, hold } = limited(givesUp)
    const [one] = ['a1', 'a2', 'a3'].map(name => hold('a', name, 30))
    hold('b', 'b1', 10)
    expect(gone).toEqual([])
    hold('b', 'b2', 30)
    expect(gone).toEqual(expected.slice(0, 1))
    hold('c', 'c1', 25)
    expect(gone).toEqual(expected)
    one?.release()
  })
  test('what grows is counted as it grows, and what is released no more', () => {
    const { gone, hold } = limited('newest')
    const held = hold('a', 'a1', 0)
    hold('b', 'b1', 40)
    held.grow(50)
    held.release()
    held.grow(50)
    hold('c', 'c1', 60)
    expect(gone).toEqual([])
    hold('c', 'c2', 1)
    expect(gone).toEqual(['c2'])
  })
  test('what is kept is not given up, and nobody else is refused a fair part meanwhile', () => {
    const { gone, hold } = limited('newest')
    const kept = hold('a', 'a1', 90)
    kept.keep()
    hold('b', 'b1', 50)
    expect(gone).toEqual([])
    hold('b', 'b2', 10)
    expect(gone).toEqual(['b2'])
    kept.release()
    hold('b', 'b3', 40)
    expect(gone).toEqual(['b2'])
  })
})

const SIZE = 400_000

describe('a user who takes more than there is', () => {
  let server: TestApiServer
  let greedy: ClientHttp2Session
  let modest: ClientHttp2Session
  const session = async (commonName: string) => {
    const { certPem: cert, keyPem: key } = await server.pki.issueClientCertificate({
      commonName,
      organizations: ['system:masters'],
    })
    // Nothing is sent to them: they read no answer.
    const settings = { initialWindowSize: 0 }
    return connect(server.url, { ca: server.pki.caPem, cert, key, settings }).on('error', () => undefined)
  }
  const ask = async (from: ClientHttp2Session, headers: Record<string, string>) => {
    const stream = from.request(headers).on('error', () => undefined)
    await once(stream, 'response')
    return stream
  }
  /** A body of which a part has not come yet. */
  function begin(from: ClientHttp2Session, name: string): ClientHttp2Stream {
    const stream = from.request({ ':method': 'POST', ':path': CONFIG_MAPS, 'content-type': 'application/json' })
    stream.on('error', () => undefined).write(JSON.stringify(configMap(name)).padEnd(SIZE).slice(0, -1))
    return stream
  }

  beforeAll(async () => {
    server = await startTestApiServer({ unreadLimits: { waitMs: 600_000, bytes: 3 * SIZE }, bodyBytes: 3 * SIZE })
    await raw(server, CONFIG_MAPS, { body: configMap('large', { data: { text: 'x'.repeat(SIZE) } }) })
    ;[greedy, modest] = await Promise.all([session('greedy'), session('modest')])
  })
  afterAll(async () => {
    for (const each of [greedy, modest]) each.destroy()
    await server[Symbol.asyncDispose]()
  })

  test('by not reading loses its own oldest answer, not that of somebody who asked before', async () => {
    const large = { ':path': `${CONFIG_MAPS}/large` }
    const others = await ask(modest, large)
    const own = [await ask(greedy, large), await ask(greedy, large)]
    await eventually(() => own[0]!.closed)
    expect([others.closed, own[1]!.closed]).toEqual([false, false])
    for (const stream of [others, ...own]) stream.close()
  })
  test('by sending bodies is told to come later, and somebody else’s is read to its end', async () => {
    const others = begin(modest, 'others')
    const own = Array.from({ length: 6 }, (_, i) => begin(greedy, `own-${i}`))
    const refused = own.map(async stream => {
      const [headers] = await once(stream, 'response')
      return [headers[':status'], headers['retry-after']] as const
    })
    expect(await Promise.race(refused)).toEqual([429, '1'])
    const answered = once(others, 'response')
    others.end(' ')
    const [headers] = await answered
    expect(headers[':status']).toBe(201)
    for (const stream of own) stream.close()
    // What was held is free again.
    const body = configMap('later', { data: { text: 'x'.repeat(SIZE) } })
    await eventually(async () => expect((await raw(server, CONFIG_MAPS, { body })).code).toBe(201))
  })
  test('what comes with a request that has no body fills no window of its connection', async () => {
    const { certPem: cert, keyPem: key } = server.pki.admin
    const reading = connect(server.url, { ca: server.pki.caPem, cert, key }).on('error', () => undefined)
    const watch = reading.request({ ':path': `${CONFIG_MAPS}?watch=1` }, { endStream: false })
    await once(watch, 'response')
    watch.on('error', () => undefined).resume()
    const sent = new Promise<void>(resolve => watch.write(Buffer.alloc(2_000_000), () => resolve()))
    await sent
    const body = JSON.stringify(configMap('beside', { data: { text: 'x'.repeat(SIZE) } }))
    const beside = reading.request({ ':method': 'POST', ':path': CONFIG_MAPS, 'content-type': 'application/json' })
    beside.end(body)
    const [headers] = await once(beside, 'response')
    expect(headers[':status']).toBe(201)
    reading.destroy()
  })
})
