// Credentials that are wrong, over, or sent by somebody else's page; bodies and connections that never end.
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectHttp2 } from 'node:http2'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBody } from '../../../src/main/apiserver/http/read-body.ts'
import type { KeyPair } from '../../../src/main/pki/pki.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { SharedTimer } from '../../../src/shared/machinery/shared-timer.ts'
import { startTestApiServer, type TestApiServer, testAdmin } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { CONFIG_MAPS, configMap, raw } from '../core/support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, CONFIG_MAPS, { body: configMap('here') })
})
afterAll(() => server[Symbol.asyncDispose]())

const shortLived = (seconds: number): Promise<KeyPair> =>
  server.pki.issueClientCertificate({
    commonName: 'short',
    organizations: ['system:masters'],
    days: seconds / 86_400,
  })

describe('a client certificate', () => {
  test('that is over answers 401, never as somebody anonymous', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { as: await shortLived(-10) })
    expect([code, json.reason]).toEqual([401, 'Unauthorized'])
  })
  test('that runs out while its connection lives on is over at once', { timeout: 20_000 }, async () => {
    const { certPem: cert, keyPem: key } = await shortLived(4)
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: server.pki.caPem,
      cert,
      key,
      servername: 'localhost',
    })
    const ports = new Set<number | undefined>()
    const get = () =>
      new Promise<number>((resolve, reject) => {
        httpsRequest(`${server.url}${CONFIG_MAPS}`, { agent }, response => {
          ports.add(response.socket.localPort)
          response.resume().on('end', () => resolve(response.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })
    expect(await get()).toBe(200)
    await eventually(async () => expect(await get()).toBe(401), 10_000)
    expect(ports.size).toBe(1)
    agent.destroy()
  })
  test('does not work for a page of another site, which a browser would send it for', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const answer = await raw(server, CONFIG_MAPS, { body: configMap('csrf'), headers: { 'sec-fetch-site': site } })
      expect(answer.code).toBe(403)
    }
    expect((await raw(server, `${CONFIG_MAPS}/csrf`)).code).toBe(404)
    expect((await raw(server, CONFIG_MAPS, { headers: { 'sec-fetch-site': 'same-origin' } })).code).toBe(200)
  })
})

test('a login token opens one session, however many ask at once', async () => {
  const token = server.server.issueLoginToken(testAdmin)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => raw(server, '/ui/login', { as: 'none', body: { token } })),
  )
  expect(answers.filter(({ code }) => code === 200)).toHaveLength(1)
})

describe('a body', () => {
  test('of somebody who has not logged in is read only as far as a login can be long', async () => {
    const { code } = await raw(server, '/ui/login', { as: 'none', body: 'x'.repeat(100_000) })
    expect(code).toBe(413)
  })
  test('that comes too slowly ends with 408, and holds nothing', async () => {
    const stream = new PassThrough()
    stream.write('{')
    await expect(readBody(stream, 10, { timer: new SharedTimer(systemClock, 20) })).rejects.toMatchObject({ code: 408 })
    expect(stream.listenerCount('data')).toBe(0)
  })
  test('that is compressed is not unpacked', async () => {
    const { code } = await raw(server, CONFIG_MAPS, { body: Buffer.from('1f8b0800000000000003', 'hex'), headers: { 'content-encoding': 'gzip' } }) // prettier-ignore
    expect([400, 415]).toContain(code)
  })
})

test('500 watches that are dropped leave nothing behind', { timeout: 60_000 }, async () => {
  const { certPem: cert, keyPem: key } = server.pki.admin
  const { store } = server
  const watch = store.watch.bind(store)
  const open = new Set<object>()
  Object.assign(store, {
    watch(...args: Parameters<typeof watch>) {
      const handle = watch(...args)
      open.add(handle)
      return Object.assign(Object.create(handle) as typeof handle, {
        close() {
          open.delete(handle)
          handle.close()
        },
      })
    },
  })
  const sessions = Array.from({ length: 5 }, () =>
    connectHttp2(server.url, { ca: server.pki.caPem, cert, key, servername: 'localhost' }),
  )
  let opened = 0
  for (const session of sessions) {
    session.on('error', () => undefined)
    for (let i = 0; i < 100; i++) {
      const stream = session.request({ ':path': `${CONFIG_MAPS}?watch=1` })
      stream.on('error', () => undefined)
      stream.once('data', () => opened++)
      stream.resume()
    }
  }
  await eventually(() => expect(opened).toBe(500), 20_000)
  expect(open.size).toBe(500)
  for (const session of sessions) session.destroy()
  await eventually(() => expect(open.size).toBe(0), 10_000)
  expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
})
