// Tokens of service accounts in volumes: bound to their pod, renewed before they end, kept while the API server is away.
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ApiTokenSource } from '../../src/agent/kubelet/token-source.ts'
import { TokenUnavailable } from '../../src/agent/kubelet/volumes/projected.ts'
import { subresourceHandlers } from '../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../src/main/apiserver/proxy/node-tunnels.ts'
import { Namespace, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'
import { ManualClock } from '../support/manual-clock.ts'

let api: TestApiServer
let pod: Pod
let clock: ManualClock
let tokens: ApiTokenSource
let reached: Pick<Client, 'createSubresource'>
let isAway = false
beforeAll(async () => {
  api = await startTestApiServer({ subresources: subresourceHandlers({ tunnels: new NodeTunnels(systemClock) }) })
  const client = api.clientAs()
  const namespace = 'default'
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} }).catch(() => undefined)
  await client.create(ServiceAccount, { metadata: { name: 'default', namespace } }).catch(() => undefined)
  const spec = {
    serviceAccountName: 'default',
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'i' }],
  }
  pod = await client.create(Pod, { metadata: { name: 'holder', namespace }, spec })
  reached = {
    createSubresource: (...given) =>
      isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : client.createSubresource(...given),
  }
})
beforeEach(() => {
  clock = new ManualClock(Date.now())
  tokens = new ApiTokenSource(reached as Client, clock)
})
afterAll(() => api[Symbol.asyncDispose]())

it('says for whom it is, how long it lives, and which pod has it', async () => {
  const claims = decodeJwt<{ 'kubernetes.io': object }>(await tokens.token(pod, 'vault', 7200))
  expect(claims).toMatchObject({ aud: ['vault'], sub: 'system:serviceaccount:default:default' })
  expect(claims.exp! - claims.iat!).toBe(7200)
  expect(claims['kubernetes.io']).toMatchObject({ pod: { name: 'holder', uid: pod.metadata.uid } })
})

it('is another one when it has lived four fifths of its life, and at the latest after a day', async () => {
  const first = await tokens.token(pod, undefined, 3600)
  await clock.advance(0.79 * 3600 * 1000)
  expect(await tokens.token(pod, undefined, 3600)).toBe(first)
  await clock.advance(0.02 * 3600 * 1000)
  expect(await tokens.token(pod, undefined, 3600)).not.toBe(first)
  const long = await tokens.token(pod, undefined, 30 * 24 * 3600)
  await clock.advance(23 * 3600 * 1000)
  expect(await tokens.token(pod, undefined, 30 * 24 * 3600)).toBe(long)
  await clock.advance(2 * 3600 * 1000)
  expect(await tokens.token(pod, undefined, 30 * 24 * 3600)).not.toBe(long)
})

it('stays while the API server is away, until it is over', async () => {
  const last = await tokens.token(pod, 'away', 3600)
  isAway = true
  await clock.advance(0.9 * 3600 * 1000)
  expect(await tokens.token(pod, 'away', 3600)).toBe(last)
  await clock.advance(0.2 * 3600 * 1000)
  await expect(tokens.token(pod, 'away', 3600)).rejects.toThrow(TokenUnavailable)
})
