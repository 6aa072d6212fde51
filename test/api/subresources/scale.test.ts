// Scales and namespaces as clients without controllers see them: applied, owned, contested, finalized.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestApiServer } from '../../support/api-server.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let server: TestApiServer
beforeAll(async () => {
  cluster = await startSecuredCluster()
  server = cluster.api
})
afterAll(() => cluster[Symbol.asyncDispose]())

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

const applyScale = (name: string, manager: string, replicas: number, force = false) =>
  raw(server, `${DEPLOYMENTS}/${name}/scale?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name }, spec: { replicas } },
  })

test('who applies a Scale owns the replicas, through the subresource', async () => {
  await raw(server, `${DEPLOYMENTS}?fieldManager=maker`, { body: deployment('owned') })
  const refused = await applyScale('owned', 'scaler', 3)
  expect(refused.code).toBe(409)
  expect(refused.json.details.causes).toMatchObject([{ reason: 'FieldManagerConflict', field: '.spec.replicas' }])

  const { code, json } = await applyScale('owned', 'scaler', 3, true)
  expect(code).toBe(200)
  expect(json).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } })
  const { json: object } = await raw(server, `${DEPLOYMENTS}/owned`)
  expect(object.spec.replicas).toBe(3)
  expect(object.metadata.managedFields).toContainEqual({
    manager: 'scaler',
    operation: 'Apply',
    apiVersion: 'apps/v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    subresource: 'scale',
  })
})

test('none is a number: scaling to 0 by apply, patch and update is done', async () => {
  const path = `${DEPLOYMENTS}/emptied/scale`
  const replicas = async () => (await raw(server, `${DEPLOYMENTS}/emptied`)).json.spec.replicas as number
  const headers = { 'content-type': 'application/merge-patch+json' }
  await raw(server, DEPLOYMENTS, { body: deployment('emptied') })
  await applyScale('emptied', 'scaler', 0, true)
  expect(await replicas()).toBe(0)
  await raw(server, path, { method: 'PATCH', headers, body: { spec: { replicas: 2 } } })
  await raw(server, path, { method: 'PATCH', headers, body: { spec: { replicas: 0 } } })
  expect(await replicas()).toBe(0)
  await raw(server, path, { method: 'PATCH', headers, body: { spec: { replicas: 2 } } })
  const { json } = await raw(server, path)
  await raw(server, path, { method: 'PUT', body: { ...json, spec: { replicas: 0 } } })
  expect(await replicas()).toBe(0)
})

test('an applied Scale must be one, and of no other object', async () => {
  await raw(server, DEPLOYMENTS, { body: deployment('strict') })
  const path = `${DEPLOYMENTS}/strict/scale?fieldManager=m`
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const send = (body: object) => raw(server, path, { method: 'PATCH', headers, body })
  expect((await send({ spec: { replicas: 1 } })).code).toBe(400)
  expect((await send({ kind: 'Deployment', apiVersion: 'apps/v1' })).code).toBe(400)
  expect((await applyScale('nobody', 'm', 1)).code).toBe(404)
})

test('a terminating namespace goes with its last finalizer, and the answer shows it', async () => {
  const { json: namespace } = await raw(server, '/api/v1/namespaces', { body: { metadata: { name: 'ending' } } })
  expect(namespace.spec.finalizers).toEqual(['kubernetes'])
  await raw(server, '/api/v1/namespaces/ending', { method: 'DELETE' })
  const body = { ...namespace, metadata: { name: 'ending' }, spec: { finalizers: [] } }
  const { code, json } = await raw(server, '/api/v1/namespaces/ending/finalize', { method: 'PUT', body })
  expect(code).toBe(200)
  expect(json).toMatchObject({ kind: 'Namespace', metadata: { name: 'ending' }, status: { phase: 'Terminating' } })
  expect((await raw(server, '/api/v1/namespaces/ending')).code).toBe(404)
})

test('the type of a Secret is immutable, also where it is left out', async () => {
  const SECRETS = '/api/v1/namespaces/default/secrets'
  const data = { '.dockercfg': 'e30=' }
  await raw(server, SECRETS, { body: { metadata: { name: 'typed' }, type: 'kubernetes.io/dockercfg', data } })
  const { code, json } = await raw(server, `${SECRETS}/typed`, {
    method: 'PUT',
    body: { metadata: { name: 'typed' }, data },
  })
  expect(code).toBe(422)
  expect(json.message).toContain('type: Invalid value: "Opaque": field is immutable')
})

test('what is scaled to nothing is nobody’s to scale, and says so shortly', async () => {
  await raw(server, `${DEPLOYMENTS}?fieldManager=maker`, { body: deployment('idle') })
  const scale = (replicas: number) =>
    raw(server, `${DEPLOYMENTS}/idle/scale?fieldManager=scaler`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { replicas } },
    })
  const managers = async () =>
    (await raw(server, `${DEPLOYMENTS}/idle`)).json.metadata.managedFields.map(
      ({ manager, subresource, time }: Record<string, unknown>) => [manager, subresource, time !== undefined],
    )
  expect((await scale(3)).json.spec).toEqual({ replicas: 3 })
  // Scaling is never dated.
  expect(await managers()).toEqual([['scaler', 'scale', false], ['maker', undefined, true]]) // prettier-ignore
  const { json } = await scale(0)
  expect(json).toMatchObject({ spec: {}, status: { replicas: 0 } })
  expect(json.spec).toEqual({})
  expect(await managers()).toEqual([['maker', undefined, true]])
  expect((await applyScale('idle', 'other', 2)).code).toBe(200)
})

test('a conflict over a Scale is told in the version of Scales', async () => {
  await raw(server, `${DEPLOYMENTS}?fieldManager=maker`, { body: deployment('contested') })
  expect((await applyScale('contested', 'scaler', 3)).json.message).toBe(
    'Apply failed with 1 conflict: conflict with "maker" using autoscaling/v1: .spec.replicas',
  )
})
