// Whatever is asked of the server by whatever path and verb, it answers with a Status and stays up. The requests follow
// from a seed: each path and verb once, in any order, then random ones; FLOTILLA_FUZZ_SEED and FLOTILLA_FUZZ_REQUESTS change how many and which (`npm run torture -- api-fuzz`).
import { Agent, request as httpsRequest } from 'node:https'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { ConfigMap, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { minimalObjects } from '../registry/minimal-objects.ts'
import { Random } from './random.ts'
import { type FuzzRequest, requestFor, type Target, targetsOf } from './requests.ts'

const SEED = Number(process.env['FLOTILLA_FUZZ_SEED'] ?? 20260101)
const REQUESTS = Number(process.env['FLOTILLA_FUZZ_REQUESTS'] ?? 1500)
const AT_ONCE = 8
/** More than the server gives any request. */
const NO_ANSWER_MS = 90_000
/** By the old paths, or by the parameter: everything but `false` and `0` asks for one. */
const WATCHES = /^\/(api|apis\/[^/]+)\/[^/]+\/watch\/|[?&]watch=(?!false|0)/

let cluster: SecuredCluster
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
beforeAll(async () => {
  cluster = await startSecuredCluster()
  const { admin } = cluster
  await admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
  const definition = minimalObjects['apiextensions.v1.CustomResourceDefinition'] as never
  await admin.create(CustomResourceDefinition, definition)
  await eventually(() => expect(cluster.api.server.context.resources.byUrl('example.com', 'v1', 'ships')).toBeDefined())
})
afterAll(async () => {
  agent.destroy()
  await cluster[Symbol.asyncDispose]()
})

interface Answer {
  readonly code: number
  readonly text: string
}

function send({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  const { pki, url } = cluster.api
  const tls = { ca: pki.caPem, servername: 'localhost', cert: pki.admin.certPem, key: pki.admin.keyPem, agent }
  const length = body ? { 'content-length': String(body.length) } : {}
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { ...tls, method, path, headers: { ...headers, ...length } }, answer => {
      const { statusCode: code = 0 } = answer
      // A watch has been answered when it starts.
      if (code < 300 && WATCHES.test(path)) {
        sent.destroy()
        return resolve({ code, text: '' })
      }
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ code, text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.setTimeout(NO_ANSWER_MS, () => sent.destroy(new Error('no answer')))
    sent.end(body)
  })
}

/** Nobody runs nodes here: what has to reach one says so. A revision that is not there yet is a 504, as upstream. */
function isExpected({ method, path }: FuzzRequest, { code, text }: Answer): boolean {
  if (code < 500) return true
  if (code === 503) return /\/(log|exec|attach|portforward|proxy)(\/|\?|$)/.test(path)
  return code === 504 && (text.includes('Too large resource version') || method === 'HEAD')
}

test(`no path and no verb brings a 5xx or ends the server (seed ${SEED}, at least ${REQUESTS} requests)`, async () => {
  const targets = await targetsOf(async path => (await raw(cluster.api, path)).json as unknown)
  expect(targets.length).toBeGreaterThan(500)
  const random = new Random(SEED)
  const codes = new Map<number, number>()
  const wrong: string[] = []
  const coming = targets.map(target => ({ target, at: random.next() })).sort((a, b) => a.at - b.at)
  const answered = new Set<Target>()
  let left = Math.max(REQUESTS, targets.length)
  const worker = async () => {
    while (left-- > 0) {
      const target = coming.pop()?.target ?? random.pick(targets)
      const asked = requestFor(target, random)
      const shown = () => `${asked.method} ${asked.path} ${JSON.stringify(asked.headers)} ${asked.body?.toString().slice(0, 2000) ?? ''}` // prettier-ignore
      try {
        const answer = await send(asked)
        answered.add(target)
        const hundred = Math.floor(answer.code / 100)
        codes.set(hundred, (codes.get(hundred) ?? 0) + 1)
        if (!isExpected(asked, answer)) wrong.push(`${answer.code} ${answer.text.slice(0, 500)}\n  for ${shown()}`)
      } catch (error) {
        wrong.push(`${String(error)}\n  for ${shown()}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  expect(wrong.join('\n\n')).toBe('')
  expect(targets.filter(target => !answered.has(target)).map(({ method, path }) => `${method} ${path}`)).toEqual([])
  // Not only refused at the door.
  expect(codes.get(2)).toBeGreaterThan(REQUESTS / 20)
  expect(codes.get(4)).toBeGreaterThan(REQUESTS / 20)
  const after = await cluster.admin.create(ConfigMap, { metadata: { name: 'after', namespace: 'default' } })
  expect(after.metadata.uid).toBeTruthy()
  expect((await raw(cluster.api, '/readyz')).code).toBe(200)
}, 900_000)
