// Both ends of a node's link over a real TLS socket.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type Server, createServer, request } from 'node:http'
import { type Socket, connect as connectTcp, createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runTunnel } from '../../src/agent/tunnel/tunnel.ts'
import { NodeTunnels } from '../../src/main/apiserver/proxy/node-tunnels.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { SlowLine } from '../support/slow-line.ts'

function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-tunnel-'))
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1'
  execFileSync('openssl', [...args.split(' '), '-keyout', join(folder, 'key'), '-out', join(folder, 'crt')], {
    stdio: 'ignore',
  })
  const cert = readFileSync(join(folder, 'crt'), 'utf8')
  const key = readFileSync(join(folder, 'key'), 'utf8')
  rmSync(folder, { recursive: true })
  return { ca: cert, cert, key }
}

let tls: { ca: string; cert: string; key: string }
let tunnels: NodeTunnels
let front: ReturnType<typeof createTlsServer>
let kubelet: Server
let stop: AbortController
let running: Promise<void>
let changes: string[]
let connections: Duplex[]
/** The API server's end. */
let linkSocket: Duplex

const until = async (check: () => boolean) => {
  const deadline = Date.now() + 5_000
  while (!check()) {
    if (Date.now() > deadline) throw new Error('not within 5 s')
    await new Promise(resolve => setImmediate(resolve))
  }
}

beforeAll(async () => {
  tls = selfSigned()
  kubelet = createServer((incoming, response) => {
    if (incoming.url === '/stall') return void response.write('x')
    incoming.pipe(response)
  })
  kubelet.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  front = createTlsServer(tls)
  front.on('upgrade', (_request, socket: Duplex, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: flotilla-tunnel\r\n\r\n')
    linkSocket = socket
    tunnels.accept('box', socket, head)
  })
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  front.closeAllConnections()
  front.close()
})

/** What comes between both ends, and can hold back everything, or one way. */
async function wire() {
  const ends: Socket[] = []
  const lines = { toAgent: new SlowLine(), fromAgent: new SlowLine() }
  const server = createTcpServer(agent => {
    const apiServer = connectTcp((front.address() as AddressInfo).port, '127.0.0.1')
    ends.push(agent, apiServer)
    agent.pipe(lines.fromAgent.stream).pipe(apiServer)
    apiServer.pipe(lines.toAgent.stream).pipe(agent)
    for (const end of [agent, apiServer]) end.on('error', () => end.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    /** Nothing passes any more, and nobody gets in anew. */
    hold() {
      server.close()
      for (const end of ends) end.unpipe().pause()
      for (const line of Object.values(lines)) line.stream.unpipe()
    },
    [Symbol.dispose]() {
      for (const end of ends) end.destroy()
      server.close()
    },
  }
}

async function link(
  port = (front.address() as AddressInfo).port,
  others = ['https://127.0.0.1:1'],
  clock: Clock = systemClock,
) {
  tunnels = new NodeTunnels(clock)
  stop = new AbortController()
  changes = []
  connections = []
  running = runTunnel({
    servers: [...others, `https://127.0.0.1:${port}`],
    tls,
    nodeName: 'box',
    kubelet: connection => {
      connections.push(connection)
      kubelet.emit('connection', connection)
    },
    clock,
    signal: stop.signal,
    onChange: (connected, detail) => changes.push(`${connected} ${detail}`),
    random: () => 0,
  })
  await until(() => tunnels.connected.includes('box') && changes.some(change => change.startsWith('true')))
}
afterEach(async () => {
  stop.abort()
  await running
  await tunnels[Symbol.asyncDispose]()
})

const post = async (path: string, body: string | Buffer): Promise<Buffer> => {
  const connection = await tunnels.dial('box', 'kubelet')
  return new Promise((resolve, reject) => {
    const sent = request({ method: 'POST', path, createConnection: () => connection as never }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('a node’s link', () => {
  it('takes whichever address answers, however many refuse or swallow everything', async () => {
    const silent = createTcpServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const swallowing = [`https://127.0.0.1:${port}`, `https://localhost:${port}`, `https://127.0.0.2:1`]
    const from = performance.now()
    await link(undefined, ['https://127.0.0.1:1', ...swallowing])
    expect(performance.now() - from).toBeLessThan(3_000)
    expect(changes).toEqual([expect.stringMatching(/^true /)])
    silent.close()
  })
  it('passes over a server that refuses it', async () => {
    await using other = createTlsServer(tls, (_request, response) => response.writeHead(421).end())
    other.on('upgrade', (_request, socket: Duplex) => socket.end('HTTP/1.1 421 Misdirected Request\r\n\r\n'))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    await link(undefined, [`https://127.0.0.1:${(other.address() as AddressInfo).port}`])
    expect(changes).toEqual([expect.stringMatching(/^true /)])
  })
  it('tells of every address why it does not answer', async () => {
    running = runTunnel({
      servers: ['https://127.0.0.1:1', 'https://127.0.0.1:2'],
      tls,
      nodeName: 'box',
      kubelet: () => undefined,
      clock: systemClock,
      signal: (stop = new AbortController()).signal,
      onChange: (connected, detail) => changes.push(`${connected} ${detail}`),
    })
    changes = []
    await until(() => changes.length > 0)
    expect(changes[0]).toMatch(
      /^false https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; https:\/\/127\.0\.0\.1:2: .*ECONNREFUSED/,
    )
  })
  it('carries HTTP/1.1 to the kubelet, also bodies larger than a window', async () => {
    await link()
    expect((await post('/', 'hello')).toString()).toBe('hello')
    const big = Buffer.alloc(8 << 20, 'ab')
    expect((await post('/', big)).equals(big)).toBe(true)
  })
  it('carries upgrades', async () => {
    await link()
    const connection = await tunnels.dial('box', 'kubelet')
    connection.write('GET /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    const first = await new Promise<Buffer>(resolve => connection.once('data', resolve))
    expect(first.toString()).toContain('101 Switching Protocols')
    connection.write('ping')
    expect((await new Promise<Buffer>(resolve => connection.once('data', resolve))).toString()).toBe('ping')
    connection.destroy()
  })
  it('keeps other streams going while one is not read', async () => {
    await link()
    const stalled = await tunnels.dial('box', 'kubelet')
    stalled.pause()
    stalled.write('GET /stall HTTP/1.1\r\nHost: x\r\n\r\n')
    for (let i = 0; i < 20; i++) expect((await post('/', `${i}`)).toString()).toBe(`${i}`)
    stalled.destroy()
  })
  it('keeps others going while a hundred streams are open that neither end reads', async () => {
    await link()
    const part = Buffer.alloc(1 << 20)
    // It reads nothing and says more than a stream takes that is not read.
    const mute = createTcpServer(
      socket =>
        void socket
          .on('error', () => undefined)
          .pause()
          .write(part),
    )
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const target = `127.0.0.1:${(mute.address() as AddressInfo).port}`
    const stalled = await Promise.all(Array.from({ length: 100 }, () => tunnels.dial('box', target)))
    const begun = stalled.map(stream => once(stream, 'readable'))
    for (const stream of stalled) stream.on('error', () => undefined).write(part)
    await Promise.all(begun)
    for (let i = 0; i < 20; i++) expect((await post('/', `${i}`)).toString()).toBe(`${i}`)
    const big = Buffer.alloc(1 << 20, 'ab')
    expect((await post('/', big)).equals(big)).toBe(true)
    for (const stream of stalled) stream.destroy()
    mute.close()
  })
  it('reaches an address on the node, and tells when it cannot', async () => {
    await link()
    const echo = createTcpServer(socket => socket.pipe(socket))
    await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve))
    const stream = await tunnels.dial('box', `127.0.0.1:${(echo.address() as AddressInfo).port}`)
    stream.write('x')
    expect((await new Promise<Buffer>(resolve => stream.once('data', resolve))).toString()).toBe('x')
    stream.destroy()
    echo.close()
    await expect(tunnels.dial('box', '127.0.0.1:1')).rejects.toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
    await expect(tunnels.dial('box', 'example:80')).rejects.toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
  })
  it('dial() answers 503 and names a node without a link', async () => {
    await link()
    await expect(tunnels.dial('other', 'kubelet')).rejects.toMatchObject({
      code: 503,
      message: expect.stringContaining('"other"'),
    })
  })
  it('ends at both ends while neither can send what it has to send', async () => {
    using between = await wire()
    await link(between.port)
    const streams = await Promise.all(Array.from({ length: 16 }, () => tunnels.dial('box', 'kubelet')))
    between.hold()
    const fills = Buffer.alloc(2 << 20)
    for (const stream of streams) {
      stream.on('error', () => stream.destroy())
      stream.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${fills.length}\r\n\r\n`)
      stream.write(fills)
    }
    for (const connection of connections) connection.write(fills)
    await until(() => linkSocket.writableLength > 0 && connections.every(({ writableLength }) => writableLength > 0))
    stop.abort()
    await running
    expect(tunnels.connected).toEqual(['box'])
    await tunnels[Symbol.asyncDispose]()
    expect(tunnels.connected).toEqual([])
  })
  /** Fifty streams, each with so much to carry either way: in their windows is more than a slow line carries in 15 s. */
  const saturate = async (bytes: number) => {
    const part = Buffer.alloc(bytes)
    let [came, went] = [0, 0]
    const peer = createTcpServer(socket => {
      socket.on('error', () => undefined).on('data', chunk => void (came += chunk.length))
      socket.write(part)
    })
    peer.listen(0, '127.0.0.1')
    await once(peer, 'listening')
    const target = `127.0.0.1:${(peer.address() as AddressInfo).port}`
    const streams = await Promise.all(Array.from({ length: 50 }, () => tunnels.dial('box', target)))
    return {
      start() {
        for (const stream of streams) {
          stream.on('error', () => undefined).on('data', (chunk: Buffer) => void (went += chunk.length))
          stream.write(part)
        }
      },
      get passed() {
        return { toAgent: came, fromAgent: went }
      },
      [Symbol.dispose]() {
        for (const stream of streams) stream.destroy()
        peer.close()
      },
    }
  }
  it.each(['toAgent', 'fromAgent'] as const)(
    'that has far more to carry %s than its line carries in the time of a ping stays, and all of it arrives',
    async way => {
      const clock = new ManualClock()
      using between = await wire()
      await link(between.port, [], clock)
      using load = await saturate(1 << 20)
      const line = between.lines[way]
      line.slow()
      load.start()
      for (let second = 0; second < 40; second++) {
        line.let(1_000_000)
        await until(() => line.isUsedUp)
        await clock.advance(1_000)
      }
      expect(changes).toHaveLength(1)
      expect(tunnels.connected).toEqual(['box'])
      line.let(Infinity)
      await until(() => load.passed[way] === 50 << 20)
    },
  )
  it.each([0, 1 << 20])('whose peer is gone is over within 20 s at both ends, with %i bytes to carry', async bytes => {
    const clock = new ManualClock()
    using between = await wire()
    await link(between.port, [], clock)
    using load = await saturate(bytes)
    between.hold()
    load.start()
    await clock.advance(10_000)
    expect(tunnels.connected).toEqual(['box'])
    await clock.advance(10_000)
    await until(() => changes.length > 1 && tunnels.connected.length === 0)
    expect(changes[1]).toMatch(/^false the link to .* ended$/)
  })
  it('comes back after the API server drops it', async () => {
    await link()
    await tunnels[Symbol.asyncDispose]()
    await until(() => !tunnels.connected.includes('box'))
    await until(() => tunnels.connected.includes('box'))
    expect((await post('/', 'again')).toString()).toBe('again')
  })
})
