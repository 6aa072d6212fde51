// Who sends what is large, deep or a bomb, again and again, gets its answer, and takes nothing from anybody else.
import { Agent, get as httpsGet } from 'node:https'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from '../core/support/raw.ts'

const MIB = 1024 * 1024
const ROUNDS = 3

let server: TestApiServer
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, CONFIG_MAPS, { body: configMap('read') })
  await raw(server, CONFIG_MAPS, { body: configMap('patched') })
})
afterAll(async () => {
  agent.destroy()
  await server[Symbol.asyncDispose]()
})

/** Somebody else, over a connection that is kept. */
function read(): Promise<{ code: number; text: string }> {
  const { pki, url } = server
  const tls = { ca: pki.caPem, servername: 'localhost', cert: pki.admin.certPem, key: pki.admin.keyPem, agent }
  return new Promise((resolve, reject) => {
    const asked = httpsGet(`${url}${CONFIG_MAPS}/read`, tls, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text }))
    })
    asked.on('error', reject)
  })
}

const withData = (data: object) => JSON.stringify(configMap('large', { data }))
const levels = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(',')}]`)
const operations = (count: number) =>
  JSON.stringify(Array.from({ length: count }, () => ({ op: 'test', path: '/data/key', value: 'value' })))

const BOMBS: readonly (readonly [what: string, code: number, method: string, type: string, body: Buffer])[] = (
  [
    ['3 MiB in one value', 422, 'POST', 'json', withData({ a: 'x'.repeat(3 * MIB - 200) })],
    ['3 MiB in many values', 413, 'POST', 'json', withData(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [i, 'x'])))], // prettier-ignore
    ['more than 3 MiB', 413, 'POST', 'json', withData({ a: 'x'.repeat(4 * MIB) })],
    ['aliases of aliases', 400, 'POST', 'yaml', ['a0: &a0 [x]', ...levels].join('\n')],
    ['3 MiB of brackets', 400, 'POST', 'json', '['.repeat(3 * MIB)],
    ['brackets in YAML', 400, 'POST', 'yaml', '['.repeat(100_000)],
    ['as many operations as may be', 200, 'PATCH', 'json-patch+json', operations(10_000)],
    ['one more', 413, 'PATCH', 'json-patch+json', operations(10_001)],
  ] as const
).map(([what, code, method, type, body]) => [what, code, method, `application/${type}`, Buffer.from(body)] as const)

test('large bodies, bombs and long patches are answered, and others meanwhile as ever', async () => {
  let busy = true
  const answers: string[] = []
  const send = async () => {
    for (let round = 0; round < ROUNDS; round++)
      for (const [what, , method, type, body] of BOMBS) {
        const path = method === 'PATCH' ? `${CONFIG_MAPS}/patched` : CONFIG_MAPS
        const { code } = await raw(server, path, { method, body, headers: { 'content-type': type } })
        answers.push(`${what}: ${code}`)
      }
    busy = false
  }
  const alone = await read()
  expect([alone.code, JSON.parse(alone.text)]).toMatchObject([200, { data: { key: 'value' } }])

  const delay = monitorEventLoopDelay({ resolution: 2 })
  delay.enable()
  const sent = send()
  let reads = 0
  while (busy) {
    expect(await read()).toEqual(alone)
    reads += 1
  }
  await sent
  delay.disable()

  expect(answers).toEqual(Array.from({ length: ROUNDS }, () => BOMBS.map(([what, code]) => `${what}: ${code}`)).flat())
  // Whoever had to wait for one to end would have been answered about as often as there were bombs.
  expect(reads).toBeGreaterThan(answers.length * 3)
  // The runner shares the machine, and this process also sends the bombs; one of them read in one go takes far longer.
  expect(delay.percentile(95) / 1e6).toBeLessThan(25)
  expect((await raw(server, '/readyz')).code).toBe(200)
}, 120_000)
