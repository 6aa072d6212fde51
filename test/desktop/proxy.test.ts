// A cluster behind the proxy of its kubeconfig: requests and WebSockets go through it, to a real API server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApiForwarder } from '../../src/main/desktop/api-forwarder.ts'
import { contextAccess, openWebSocket } from '../../src/main/desktop/clusters/access.ts'
import { parseProxy } from '../../src/main/desktop/clusters/proxy.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

/** The cluster's name, which only the proxy resolves. */
const HIDDEN = 'kubernetes.default.svc'

let cluster: TestApiServer
let folder = ''
let port = 0
const servers: Server[] = []
/** What the proxy was asked for. */
const asked: string[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-proxy-'))
  cluster = await startTestApiServer()
  port = Number(new URL(readKubeconfig(cluster.kubeconfig).server).port)
  asked.length = 0
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
/** To the cluster, whatever it is called. */
function toCluster(client: Socket): Socket {
  const upstream = connect(port, '127.0.0.1')
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
  return upstream
}

/** Opens tunnels for those who log in as `ada`. */
function httpProxy(): Promise<number> {
  const server = createHttpServer()
  server.on('connect', ({ url, headers }, socket: Socket) => {
    if (headers['proxy-authorization'] !== `Basic ${Buffer.from('ada:p@ss').toString('base64')}`)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    asked.push(url ?? '')
    toCluster(socket).once('connect', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  })
  return listening(server)
}

/** Takes what it is sent, a message at a time, as RFC 1928 and 1929 have it; for those who log in as `ada`. */
function socksProxy(): Promise<number> {
  const server = createServer(socket => {
    const answers = [
      (said: Buffer) => Buffer.from([5, said.includes(2, 2) ? 2 : 0xff]),
      (said: Buffer) => Buffer.from([1, said.equals(Buffer.from('\x01\x03ada\x04p@ss')) ? 0 : 1]),
      (said: Buffer) => {
        const name = said.subarray(5, -2).toString()
        asked.push(`${name}:${said.readUInt16BE(said.length - 2)}`)
        if (name !== HIDDEN) return Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
        setImmediate(() => toCluster(socket))
        return Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
      },
    ]
    const next = (said: Buffer) => {
      const answer = answers.shift()
      if (answers.length === 0) socket.off('data', next)
      if (answer) socket.write(answer(said))
    }
    socket.on('data', next)
    socket.on('error', () => socket.destroy())
  })
  return listening(server)
}

function source(proxy: string, host = HIDDEN) {
  const { ca, cert, key } = readKubeconfig(cluster.kubeconfig)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const path = join(folder, 'config')
  const here = {
    server: `https://${host}:${port}`,
    'certificate-authority-data': base64(ca),
    'proxy-url': proxy,
  }
  const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
  const config = {
    clusters: [{ name: 'c', cluster: here }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
  }
  writeFileSync(path, JSON.stringify(config))
  return contextAccess({ path, context: 'one', clock: systemClock, confirm: () => Promise.resolve(true) })
}

const PROXIES = [
  ['http', httpProxy],
  ['socks5', socksProxy],
] as const

describe('a cluster behind a proxy', () => {
  it.each(PROXIES)('is reached through %s, by requests and WebSockets', async (scheme, start) => {
    const access = source(`${scheme}://ada:p%40ss@127.0.0.1:${await start()}`)
    await using forwarder = createApiForwarder(access)
    const answer = await forwarder.forward('/api/v1/namespaces', new Request('app://flotilla/'))
    expect([answer.status, ((await answer.json()) as { kind: string }).kind]).toEqual([200, 'NamespaceList'])
    const socket = await openWebSocket(access, '/api/v1/namespaces?watch=true', [])
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    socket.terminate()
    expect(asked).toEqual([`${HIDDEN}:${port}`, `${HIDDEN}:${port}`])
  })

  it.each([
    ['http', httpProxy, 'the proxy refuses: 407 Proxy Authentication Required'],
    ['socks5', socksProxy, 'the proxy does not answer: it wants another login'],
  ] as const)('says in a sentence what %s answers to who may not', async (scheme, start, said) => {
    await using forwarder = createApiForwarder(source(`${scheme}://127.0.0.1:${await start()}`))
    const answer = await forwarder.forward('/api/v1/namespaces', new Request('app://flotilla/'))
    expect(answer.status).toBe(502)
    expect(((await answer.json()) as { message: string }).message).toBe(`the control plane does not answer: ${said}`)
  })

  it('says what the proxy cannot reach, and that none is there', async () => {
    const proxy = `socks5://ada:p%40ss@127.0.0.1:${await socksProxy()}`
    await expect(openWebSocket(source(proxy, 'elsewhere'), '/api', [])).rejects.toThrow('the host cannot be reached')
    await expect(openWebSocket(source('http://127.0.0.1:1'), '/api', [])).rejects.toThrow('the proxy does not answer')
  })

  it('takes no address that is no proxy', () => {
    for (const text of ['', 'proxy:8080', 'ftp://proxy', 'http://']) expect(() => parseProxy(text)).toThrow('proxy-url')
    expect(parseProxy('socks5://10.0.0.1').hostname).toBe('10.0.0.1')
  })
})
