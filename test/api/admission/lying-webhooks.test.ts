// Admission webhooks that answer what no webhook should: the object stays of its kind and place, and clients are answered.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type MutatingWebhook, MutatingWebhookConfiguration } from '../../../src/shared/api/admissionregistration/v1.ts'
import { ConfigMap } from '../../../src/shared/api/core/v1.ts'
import { jsonPatch, startWebhookServer, type WebhookAnswer, type WebhookServer } from '../../support/webhook-server.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
let hooks: WebhookServer
let count = 0
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})
afterEach(() => cluster.admin.deleteCollection(MutatingWebhookConfiguration, {}))

/** From now on every ConfigMap is shown to a webhook that answers this. */
async function lie(answer: WebhookAnswer): Promise<void> {
  hooks.on('/lie', () => answer)
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }]
  const webhooks = [{ ...hooks.webhook('/lie'), rules } as MutatingWebhook]
  await cluster.admin.create(MutatingWebhookConfiguration, { metadata: { name: 'liar' }, webhooks })
}
const make = () => cluster.admin.create(ConfigMap, { metadata: { namespace, name: `map-${++count}` } })
const set = (path: string, value: unknown) => jsonPatch({ op: 'add', path, value })

describe('a mutating webhook', () => {
  test.each([
    ['/kind', 'Secret'],
    ['/apiVersion', 'v2'],
  ])('makes no other kind of an object, by its %s', async (path, value) => {
    const { metadata } = await make()
    await lie(set(path, value))
    const refusals = [
      await failure(make()),
      await failure(cluster.admin.patch(ConfigMap, metadata, { data: { a: 'b' } })),
    ]
    for (const { code, message } of refusals)
      expect([code, message]).toEqual([500, expect.stringMatching(/admission made .* of v1, Kind=ConfigMap$/)])
  })

  test('puts no object into another namespace', async () => {
    const { metadata } = await make()
    await lie(set('/metadata/namespace', 'kube-system'))
    expect(await failure(make())).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    })
    expect((await failure(cluster.admin.patch(ConfigMap, metadata, { data: { a: 'b' } }))).code).toBe(422)
  })

  test('decides neither which object it is, nor since when, nor that it is being deleted', async () => {
    const uid = '11111111-2222-3333-4444-555555555555'
    const longAgo = '1970-01-01T00:00:00Z'
    await lie(
      jsonPatch(
        { op: 'add', path: '/metadata/uid', value: uid },
        { op: 'add', path: '/metadata/creationTimestamp', value: longAgo },
        { op: 'add', path: '/metadata/deletionTimestamp', value: longAgo },
        { op: 'add', path: '/metadata/labels', value: { seen: 'yes' } },
      ),
    )
    const { metadata } = await make()
    expect(metadata.labels).toEqual({ seen: 'yes' })
    expect(metadata.uid).not.toBe(uid)
    expect(metadata.creationTimestamp).not.toBe(longAgo)
    expect(metadata.deletionTimestamp).toBeUndefined()
  })

  test('that takes away the metadata leaves an object without a name', async () => {
    await lie(jsonPatch({ op: 'remove', path: '/metadata' }))
    const error = await failure(make())
    expect([error.code, error.message]).toEqual([422, expect.stringContaining('name or generateName is required')])
  })
})

test.each([
  ['details', { code: 429, details: { retryAfterSeconds: '1\r\nSet-Cookie: a=b' } }],
  ['details', { details: { retryAfterSeconds: 1.5 } }],
  ['a reason', { reason: { a: 'b' } }],
  ['a message', { message: ['a'] }],
])('a webhook that refuses with %s that no Status has, has failed', async (_what, status) => {
  await lie({ allowed: false, status })
  const error = await failure(make())
  expect([error.code, error.message]).toEqual([500, expect.stringContaining('received invalid webhook response: ')])
  expect(error.message).toContain('json: cannot unmarshal')
})
