// Who sends what is large, deep or a bomb, again and again, gets its answer, and takes nothing from anybody else.
import { Agent, get as httpsGet } from 'node:https'
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
  await raw(server, CONFIG_MAPS, { body: configMap('many', { data: many }) })
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

const many = Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`key-${i}`, `value-${i}`]))
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

  const sent = send()
  let reads = 0
  while (busy) {
    expect(await read()).toEqual(alone)
    reads += 1
  }
  await sent

  expect(answers).toEqual(Array.from({ length: ROUNDS }, () => BOMBS.map(([what, code]) => `${what}: ${code}`)).flat())
  // Whoever had to wait for one to end would have been answered about as often as there were bombs.
  expect(reads).toBeGreaterThan(answers.length * 3)
  expect((await raw(server, '/readyz')).code).toBe(200)
}, 120_000)

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const own = `${CONFIG_MAPS}/many`
const merge = (data: object) => JSON.stringify({ data })
const replaced = JSON.stringify(Object.keys(many).slice(0, 10_000).map(key => ({ op: 'replace', path: `/data/${key}`, value: 'other' }))) // prettier-ignore
const applied = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'many' }, data: many })

test.each<[what: string, code: number, method: string, path: string, headers: Record<string, string>, body?: string]>([
  ['read as YAML', 200, 'GET', own, { accept: 'application/yaml' }],
  ['read in protobuf', 200, 'GET', own, { accept: PROTOBUF }],
  ['replaced by the same', 200, 'PUT', own, {}, JSON.stringify(configMap('many', { data: many }))],
  ['replaced by another', 200, 'PUT', own, {}, JSON.stringify(configMap('many', { data: { ...many, another: '1' } }))],
  ['patched in one place', 200, 'PATCH', own, { 'content-type': 'application/merge-patch+json' }, merge({ another: '2' })],
  ['patched in many places', 200, 'PATCH', own, { 'content-type': 'application/json-patch+json' }, replaced],
  ['applied', 200, 'PATCH', `${own}?fieldManager=test&force=true`, { 'content-type': 'application/apply-patch+yaml' }, applied],
])('while a large object is %s, others are answered several times', async (_what, code, method, path, headers, body) => {
  const sent = raw(server, path, { method, headers, ...(body === undefined ? {} : { body: Buffer.from(body) }) })
  let reads = 0
  let busy = true
  void sent.finally(() => (busy = false))
  while (busy) {
    await read()
    reads += 1
  }
  expect((await sent).code).toBe(code)
  expect(reads).toBeGreaterThan(3)
}) // prettier-ignore
