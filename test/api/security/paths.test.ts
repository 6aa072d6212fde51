// Paths, methods and headers that no honest client sends.
import { connect as connectHttp2 } from 'node:http2'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from '../core/support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, CONFIG_MAPS, { body: configMap('here') })
})
afterAll(() => server[Symbol.asyncDispose]())

/** Sends bytes as they are, as the admin or nobody, and gives everything that comes back within the time. */
function bytes(text: string | Buffer, identity = true, ms = 1_500): Promise<string> {
  return new Promise(resolve => {
    const own = identity ? { cert: server.pki.admin.certPem, key: server.pki.admin.keyPem } : {}
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: server.port,
      ca: server.pki.caPem,
      ALPNProtocols: ['http/1.1'],
      ...own,
    })
    let answer = ''
    const done = () => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ms, done)
    socket.on('secureConnect', () => socket.write(text))
    socket.on('data', chunk => (answer += chunk.toString('latin1')))
    socket.on('error', done)
    socket.on('close', done)
  })
}
const statusLines = (answer: string) => answer.match(/HTTP\/1\.1 \d{3}/g) ?? []

describe('a path', () => {
  test.each(['/%ff', '/%zz', '/api/v1/%ff', '/apis/%c0%ae/v1/x'])(
    '%s that is no UTF-8 is refused, not a fault',
    async path => {
      for (const as of ['admin', 'none'] as const) {
        const { code } = await raw(server, path, { as })
        expect(code).toBeGreaterThanOrEqual(400)
        expect(code).toBeLessThan(500)
      }
    },
  )
  test.each([
    '/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets',
    '/api/v1/namespaces/default/configmaps/%2e%2e%2f',
    '/api/v1/namespaces/default%2fconfigmaps/configmaps',
    '/api/v1/namespaces/default/configmaps/a%00b',
    '/api/v1/namespaces/..%2f/pods',
  ])('%s with a slash or dot segment inside a name leads nowhere', async path => {
    expect([400, 404]).toContain((await raw(server, path)).code)
  })
  test('in absolute form names no other server', async () => {
    const answer = await bytes(
      `GET https://evil.example/api/v1/secrets HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`,
    )
    expect(statusLines(answer)).toEqual(['HTTP/1.1 404'])
  })
})

describe('smuggling', () => {
  test('a request with both a length and chunks is refused and the connection ends', async () => {
    const answer = await bytes(
      `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nDELETE ${CONFIG_MAPS}/here HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    )
    expect(statusLines(answer)).toEqual(['HTTP/1.1 400'])
    expect((await raw(server, `${CONFIG_MAPS}/here`)).code).toBe(200)
  })
  test('what follows an upgrade that was refused is never a request', async () => {
    const answer = await bytes(
      `GET ${CONFIG_MAPS}/here HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n` +
        `DELETE ${CONFIG_MAPS}/here HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    )
    expect(statusLines(answer)).toHaveLength(1)
    expect((await raw(server, `${CONFIG_MAPS}/here`)).code).toBe(200)
  })
  test('an HTTP/2 CONNECT and a request without a path are answered, and the server lives', async () => {
    const { certPem: cert, keyPem: key } = server.pki.admin
    const session = connectHttp2(server.url, { ca: server.pki.caPem, cert, key, servername: 'localhost' })
    const outcome = await new Promise<string>(resolve => {
      const stream = session.request({ ':method': 'CONNECT', ':authority': '169.254.169.254:80' }, { endStream: true })
      stream.on('response', headers => resolve(String(headers[':status'])))
      stream.on('error', error => resolve(error.message))
      stream.resume()
    })
    session.destroy()
    expect(outcome).toMatch(/^4\d\d$|closed|refused|REFUSED|PROTOCOL/)
    expect((await raw(server, '/version')).code).toBe(200)
  })
  test('bytes above ASCII in a header are no fault', async () => {
    const answer = await bytes(
      Buffer.from(
        `GET /version HTTP/1.1\r\nHost: localhost\r\nAudit-ID: \xff\xfe\r\nConnection: close\r\n\r\n`,
        'latin1',
      ),
    )
    expect(statusLines(answer)).toEqual(['HTTP/1.1 200'])
  })
})

describe('a continue token', () => {
  const forged = (token: object) => Buffer.from(JSON.stringify(token)).toString('base64url')
  test.each([
    ['of the future', { v: 'flotilla/v1', rv: 9_000_000_000, after: '' }],
    ['that points above its collection', { v: 'flotilla/v1', rv: 0, after: '../../secrets/' }],
    ['with the last of all keys', { v: 'flotilla/v1', rv: 0, after: '\uffff\uffff' }],
    ['without a key', { v: 'flotilla/v1', rv: 1 }],
    ['with a prototype', { v: 'flotilla/v1', rv: 0, after: '', __proto__: { x: 1 } }],
  ])('%s shows nothing else and is no fault', async (_what, token) => {
    const { code, json } = await raw(server, `${CONFIG_MAPS}?limit=5&continue=${forged(token)}`)
    expect([200, 400, 410, 504]).toContain(code) // 504: as documented for a version that is not there yet
    for (const item of json.items ?? []) expect(item.metadata.name).toBe('here')
  })
})
