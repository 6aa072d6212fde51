// Connections to webhooks: real servers that offer HTTP/2 or do not, that send clients away, hang, fall silent or die.
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Connections } from '../../../src/main/apiserver/webhook/connections.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { eventually } from '../../support/eventually.ts'

let secrets: { readonly cert: string; readonly key: string }
let ca: Buffer
beforeAll(async () => {
  const nowMs = Date.now()
  const authority = await makeAuthority('webhook-ca', 1, nowMs)
  const { certPem, keyPem } = await makeLeaf(authority, {
    ...{ commonName: 'webhook', organizations: [], usage: 'server' },
    ...{ dnsNames: ['guard.default.svc'], ipAddresses: ['127.0.0.1'], days: 1, nowMs },
  })
  secrets = { cert: certPem, key: keyPem }
  ca = Buffer.from(authority.certPem)
})

let server: Server
/** What the server has of connections, and how many it had in all. */
const open = new Set<Socket>()
let made: number
let connections: Connections
let sessions: ServerHttp2Session[]
beforeEach(() => {
  made = 0
  open.clear()
  sessions = []
})
afterEach(async () => {
  connections[Symbol.dispose]()
  await eventually(() => expect(open.size).toBe(0))
  await new Promise(resolve => server.close(resolve))
})

async function listen(started: Server): Promise<void> {
  server = started
  server.on('connection', (socket: Socket) => {
    made++
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  connections = new Connections({ authority: `127.0.0.1:${port}`, host: '127.0.0.1', port, ca })
}

type Handler = (stream: ServerHttp2Stream, body: string) => void
async function listenHttp2(handle: Handler, settings: { readonly maxConcurrentStreams?: number } = {}) {
  const secure: Http2SecureServer = createSecureServer({ ...secrets, settings })
  secure.on('session', session => {
    sessions.push(session)
    session.on('error', () => undefined)
  })
  secure.on('stream', stream => {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('end', () => handle(stream, Buffer.concat(chunks).toString()))
  })
  await listen(secure)
}
const say = (stream: ServerHttp2Stream, text: string): void => {
  stream.respond({ ':status': 200 })
  stream.end(text)
}

const never = new AbortController().signal
async function post(text: string, signal = new AbortController().signal): Promise<string> {
  const { code, bytes } = await connections.post({ path: '/hook?x=1', headers: {}, payload: Buffer.from(text) }, signal)
  return `${code} ${bytes.toString()}`
}
const many = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => post(`${i}`)))
const all = (count: number) => Array.from({ length: count }, (_, i) => `200 ${i}`)

describe('a server that offers HTTP/2', () => {
  test('is called over one connection, by as many at once as want to', async () => {
    await listenHttp2(say)
    expect(await post('first')).toBe('200 first')
    expect(await many(50)).toEqual(all(50))
    expect(made).toBe(1)
  })

  test('is left with one connection when several were made for the first calls', async () => {
    await listenHttp2(say)
    expect(await many(8)).toEqual(all(8))
    await eventually(() => expect(open.size).toBe(1))
    const before = made
    expect(await many(8)).toEqual(all(8))
    expect(made).toBe(before)
  })

  test('has further connections where it takes fewer calls at once', async () => {
    const held: (() => void)[] = []
    await listenHttp2((stream, text) => (text === 'first' ? say(stream, text) : held.push(() => say(stream, text))), {
      maxConcurrentStreams: 1,
    })
    await post('first')
    const answers = many(3)
    await eventually(() => expect(held.length).toBe(3))
    for (const answer of held) answer()
    expect(await answers).toEqual(all(3))
  })

  test('is named by its certificate and asked for by name, also where the way there is another', async () => {
    await listenHttp2(say)
    const { port } = server.address() as AddressInfo
    let asked: string | undefined
    server.on('secureConnection', (socket: TLSSocket & { servername?: string }) => (asked = socket.servername))
    const dial = () => Promise.resolve(connect(port, '127.0.0.1'))
    const to = (host: string) => new Connections({ authority: `${host}:443`, host, port: 443, ca, dial })
    const message = { path: '/', headers: {}, payload: Buffer.from('x') }
    using known = to('guard.default.svc')
    expect((await known.post(message, never)).code).toBe(200)
    using stranger = to('stranger.default.svc')
    await expect(stranger.post(message, never)).rejects.toThrow(/does not match certificate's altnames/)
    expect(asked).toBe('guard.default.svc')
  })

  test('may answer before it has read everything', async () => {
    await listenHttp2(() => undefined)
    server.removeAllListeners('stream')
    server.on('stream', (stream: ServerHttp2Stream) => say(stream, 'no more'))
    expect(await post('x'.repeat(3_000_000))).toBe('200 no more')
    expect(await post('x')).toBe('200 no more')
  })

  test('is not listened to without end', async () => {
    await listenHttp2((stream, text) => say(stream, text === 'long' ? 'x'.repeat(9_000_000) : text))
    await expect(post('long')).rejects.toThrow('the answer is longer than 8388608 bytes')
    expect(await post('short')).toBe('200 short')
    expect(made).toBe(1)
  })
})

test('a server that answers with another protocol than it was asked for has answered, and is left', async () => {
  await listen(
    createServer(secrets).on('request', (_request, response) =>
      response.socket?.write('HTTP/1.1 101 Other\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nwhat'),
    ),
  )
  expect(await post('call')).toBe('101 ')
  await eventually(() => expect(open.size).toBe(0))
})

describe('a server that sends its clients away', () => {
  test('answers what it has begun; what it has not looked at goes over a new connection, as does what follows', async () => {
    const seen: string[] = []
    let begun: ServerHttp2Stream | undefined
    await listenHttp2((stream, text) => {
      seen.push(text)
      if (text === 'begun') begun = stream
      else if (text === 'unseen' && stream.session === sessions[0]) stream.session?.goaway(0, begun?.id ?? 0)
      else say(stream, text)
    })
    await post('first')
    const begins = post('begun')
    await eventually(() => expect(begun).toBeDefined())
    expect(await post('unseen')).toBe('200 unseen')
    expect(await post('next')).toBe('200 next')
    say(begun!, 'late')
    expect(await begins).toBe('200 late')
    expect([made, seen]).toEqual([2, ['first', 'begun', 'unseen', 'unseen', 'next']])
    await eventually(() => expect(open.size).toBe(1))
  })

  test('and does so again and again, is given up on in time', async () => {
    let refused = 0
    await listenHttp2(stream => {
      refused++
      stream.close(7 /* REFUSED_STREAM */)
    })
    await expect(post('x', AbortSignal.timeout(300))).rejects.toThrow(/aborted|timeout/)
    expect(refused).toBe(2)
  })

  test('with an error, or by dying, fails what it may have looked at, once', async () => {
    let seen = 0
    await listenHttp2((stream, text) => {
      seen++
      if (text === 'error') stream.session!.goaway(2, stream.id)
      else if (text === 'half') {
        stream.respond({ ':status': 200 })
        stream.write('{"half":', () => stream.session!.destroy())
      } else if (text === 'death') stream.session!.destroy()
      else say(stream, text)
    })
    for (const how of ['error', 'death', 'half']) {
      expect(await post('well')).toBe('200 well')
      await expect(post(how)).rejects.toThrow()
    }
    expect(await post('well')).toBe('200 well')
    expect([seen, made]).toEqual([7, 4])
  })
})

test('that a server ended is noticed at once, also where half of the way there stays open', async () => {
  await listenHttp2(stream => stream.session!.destroy())
  const { port } = server.address() as AddressInfo
  const dial = () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    return Promise.resolve(Duplex.from({ readable: socket, writable: socket }))
  }
  using there = new Connections({ authority: 'guard.default.svc', host: 'guard.default.svc', port: 443, ca, dial })
  const dying = there.post({ path: '/', headers: {}, payload: Buffer.from('x') }, never)
  await expect(dying).rejects.toThrow(/aborted|ended/)
})

describe('a server that hangs', () => {
  test('is asked over another connection next, while those that it does answer are waited for', async () => {
    let slow: ServerHttp2Stream | undefined
    await listenHttp2((stream, text) => {
      if (text === 'slow') slow = stream
      else if (text !== 'hangs') say(stream, text)
    })
    await post('first')
    const slowly = post('slow')
    await expect(post('hangs', AbortSignal.timeout(100))).rejects.toThrow(/aborted|timeout/)
    expect(await post('next')).toBe('200 next')
    await eventually(() => expect(slow).toBeDefined())
    say(slow!, 'slow')
    expect(await slowly).toBe('200 slow')
    expect(made).toBe(2)
    await eventually(() => expect(open.size).toBe(1))
  })

  test('while the connection is made, leaves none', async () => {
    await listen(createPlainServer(socket => socket.resume()))
    await expect(post('x', AbortSignal.timeout(100))).rejects.toThrow(/timeout/)
    await eventually(() => expect(open.size).toBe(0))
  })

  test('leaves a caller who went away no worse than before', async () => {
    await listenHttp2((stream, text) => (text === 'hangs' ? undefined : say(stream, text)))
    await post('first')
    const leaving = new AbortController()
    const left = post('hangs', leaving.signal)
    leaving.abort()
    await expect(left).rejects.toThrow(/aborted/)
    expect(await post('next')).toBe('200 next')
    expect(made).toBe(1)
  })
})

test('a way that is found when nobody waits for it any more is closed', async () => {
  await listen(createPlainServer(socket => socket.resume()))
  const { port } = server.address() as AddressInfo
  const late = connect(port, '127.0.0.1')
  let arrive: () => void = () => undefined
  const dial = () => new Promise<Socket>(resolve => (arrive = () => resolve(late)))
  using there = new Connections({ authority: 'guard.default.svc', host: 'guard.default.svc', port: 443, ca, dial })
  const message = { path: '/', headers: {}, payload: Buffer.from('x') }
  await expect(there.post(message, AbortSignal.timeout(50))).rejects.toThrow(/timeout/)
  arrive()
  await eventually(() => expect(late.destroyed).toBe(true))
})

test('a server without HTTP/2 has a connection for each call at once, which are used again', async () => {
  const https: HttpsServer = createServer(secrets, (incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.once('end', () => outgoing.end(Buffer.concat(chunks)))
  })
  await listen(https)
  expect(await many(5)).toEqual(all(5))
  for (let i = 0; i < 5; i++) expect(await post('one')).toBe('200 one')
  expect(made).toBe(5)
  for (const socket of open) socket.destroy() // without a word, as a server that crashes
  expect(await post('again')).toBe('200 again')
})

test('all connections end with their owner, as do calls under way', async () => {
  await listenHttp2((stream, text) => (text === 'hangs' ? undefined : say(stream, text)))
  await post('first')
  const hanging = post('hangs')
  connections[Symbol.dispose]()
  await expect(hanging).rejects.toThrow()
  await eventually(() => expect(open.size).toBe(0))
})
