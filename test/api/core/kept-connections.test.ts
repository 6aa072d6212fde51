// One connection over HTTP/1.1, as many clients keep it: the next request comes as soon as the answer is there.
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS } from './support/raw.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api[Symbol.asyncDispose]())

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly times: number
}

/** By a program of its own, which is not held up by what the server does. @returns the codes, and the bodies' lengths */
function ask(requests: readonly Asked[]): Promise<[number | string, number][]> {
  const { caPem: ca, admin } = api.pki
  const tls = { ca, cert: admin.certPem, key: admin.keyPem, servername: 'localhost' }
  return new Promise((resolve, reject) => {
    const program = execFile(process.execPath, ['test/api/core/support/hasty-client.mjs'], (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout)),
    )
    program.stdin?.end(JSON.stringify({ url: api.url, tls, requests }))
  })
}

const operations = Array.from({ length: 6_000 }, (_, i) => ({ op: 'add', path: `/data/key-${i}`, value: 'v' }))

test.each([
  ['plain', {}, 150_000, 60],
  ['compressed', { 'accept-encoding': 'gzip' }, 10_000, 10],
])('large requests on the heels of large answers, %s, are all served', async (name, accept, least, times) => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } }
  const [made, ...patched] = await ask([
    {
      method: 'POST',
      path: CONFIG_MAPS,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(object),
      times: 1,
    },
    {
      method: 'PATCH',
      path: `${CONFIG_MAPS}/${name}?dryRun=All`,
      headers: { 'content-type': 'application/json-patch+json', ...accept },
      body: JSON.stringify(operations),
      times,
    },
  ])
  expect(made?.[0]).toBe(201)
  expect(patched.map(([code]) => code)).toEqual(patched.map(() => 200))
  for (const [, bytes] of patched) expect(bytes).toBeGreaterThan(least)
})
