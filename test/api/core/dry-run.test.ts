// dryRun=All: every write is answered as it would be, and nothing is stored.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { Node, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { defineKind } from '../crd/support/define.ts'
import { eventually } from '../../support/eventually.ts'
import { type AnyJson, raw } from './support/raw.ts'

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
  await cluster.admin.create(Node, { metadata: { name: 'box' }, spec: {} })
  const spec = { type: 'object', properties: { text: { type: 'string', default: 'none' } } }
  const status = { type: 'object', properties: { seen: { type: 'boolean' } } }
  await defineKind(cluster.api, 'Note', { type: 'object', properties: { spec, status } }, { status: true })
  // What the server writes by itself is written.
  await eventually(async () => {
    const { status: told } = await cluster.admin.get(CustomResourceDefinition, { name: 'notes.rules.example.com' })
    expect(told.conditions?.find(({ type }) => type === 'Established')?.status).toBe('True')
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

interface Write {
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly type?: string
}
const send = ({ method, path, body, type = 'application/json' }: Write, dry: boolean) =>
  raw(cluster.api, `${path}${path.includes('?') ? '&' : '?'}${dry ? 'dryRun=All' : ''}`, {
    method,
    ...(body ? { body, headers: { 'content-type': type } } : {}),
  })
/** What is stored of the kinds that are written here. The server writes others by itself. */
const stored = async () => {
  const kinds = ['/api/v1/configmaps', '/apis/apps/v1/deployments', '/api/v1/pods', '/apis/rules.example.com/v1/notes']
  const lists = await Promise.all([...kinds, '/api/v1/serviceaccounts'].map(path => raw(cluster.api, path)))
  return lists.map(({ json }) => json.items as AnyJson)
}

/** An answer without what is new each time. */
function lasting(value: AnyJson): AnyJson {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  const varies = ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'time', 'token', 'expirationTimestamp'] // prettier-ignore
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([key, inner]) => (varies.includes(key) ? [] : [[key, lasting(inner)]])),
  )
}

async function shown(write: Write): Promise<AnyJson> {
  const before = await stored()
  const dry = await send(write, true)
  expect(await stored()).toEqual(before)
  const done = await send(write, false)
  expect(done.code).toBeLessThan(300)
  expect([dry.code, lasting(dry.json)]).toEqual([done.code, lasting(done.json)])
  return done.json
}

interface Sample {
  readonly what: string
  readonly collection: string
  readonly object: Record<string, unknown>
  readonly change: Record<string, unknown>
  readonly status?: Record<string, unknown>
  readonly custom?: boolean
  readonly scaled?: boolean
}
const labels = { app: 'web' }
// Without a token, whose volume gets a new name each time.
const podSpec = { automountServiceAccountToken: false, containers: [{ name: 'main', image: 'x' }] }
const template = { metadata: { labels }, spec: podSpec }
const samples: Sample[] = [
  {
    what: 'a ConfigMap',
    collection: '/api/v1/namespaces/default/configmaps',
    object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } },
    change: { data: { b: '2' } },
  },
  {
    what: 'a Deployment',
    collection: '/apis/apps/v1/namespaces/default/deployments',
    object: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { selector: { matchLabels: labels }, template } },
    change: { spec: { replicas: 3 } },
    status: { replicas: 1 },
    scaled: true,
  },
  {
    what: 'a Pod',
    collection: '/api/v1/namespaces/default/pods',
    object: { apiVersion: 'v1', kind: 'Pod', spec: podSpec },
    change: { metadata: { labels } },
    status: { phase: 'Running' },
  },
  {
    what: 'an autoscaler of a version that is not stored, with what cannot be stored',
    collection: '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    object: {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } },
    },
    change: { metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '{', kept: 'yes' } } },
    status: { currentReplicas: 1, desiredReplicas: 2 },
  },
  {
    what: 'a custom resource',
    collection: '/apis/rules.example.com/v1/notes',
    object: { apiVersion: 'rules.example.com/v1', kind: 'Note', spec: {} },
    change: { spec: { text: 'x' } },
    status: { seen: true },
    custom: true,
  },
]

describe.each(samples)('$what', ({ collection, object, change, status, custom, scaled }) => {
  const metadata = { name: 'dry', labels: { tested: 'dry' } }
  const path = `${collection}/dry`
  const { apiVersion, kind } = object
  test('is created, changed by each sort of patch, and replaced', async () => {
    const { metadata: made } = await shown({ method: 'POST', path: collection, body: { ...object, metadata } })
    expect(made.name).toBe('dry')
    const annotations = (value: string) => ({ metadata: { annotations: { value } } })
    await shown({ method: 'PATCH', path, type: 'application/merge-patch+json', body: change })
    const operation = { op: 'add', path: '/metadata/annotations', value: { by: 'json' } }
    await shown({ method: 'PATCH', path, type: 'application/json-patch+json', body: [operation] })
    if (!custom)
      await shown({ method: 'PATCH', path, type: 'application/strategic-merge-patch+json', body: annotations('s') })
    const { json: now } = await raw(cluster.api, path)
    const replaced = { ...now, metadata: { ...now.metadata, annotations: { by: 'put' } } }
    expect((await shown({ method: 'PUT', path, body: replaced })).metadata.annotations).toEqual({ by: 'put' })
  })
  test('is applied, over what is there and as a new one', async () => {
    const type = 'application/apply-patch+yaml'
    const body = { apiVersion, kind, metadata: { annotations: { applied: 'yes' } } }
    await shown({ method: 'PATCH', path: `${path}?fieldManager=dry`, type, body })
    const fresh = { ...object, metadata: { name: 'new', labels: metadata.labels } }
    await shown({ method: 'PATCH', path: `${collection}/new?fieldManager=dry`, type, body: fresh })
  })
  if (status)
    test('is told its status', async () => {
      const { json: now } = await raw(cluster.api, path)
      await shown({ method: 'PUT', path: `${path}/status`, body: { ...now, status } })
      const { method, type } = { method: 'PATCH', type: 'application/merge-patch+json' }
      await shown({ method, path: `${path}/status`, type, body: { metadata: { annotations: { by: 'status' } } } })
    })
  if (scaled)
    test('is scaled', async () => {
      const { json: scale } = await raw(cluster.api, `${path}/scale`)
      const put = { method: 'PUT', path: `${path}/scale`, body: { ...scale, spec: { replicas: 5 } } }
      expect((await shown(put)).spec.replicas).toBe(5)
      const body = { spec: { replicas: 6 } }
      await shown({ method: 'PATCH', path: `${path}/scale`, type: 'application/merge-patch+json', body })
    })
  test('is deleted, alone and with the others', async () => {
    await shown({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0` })
    expect((await raw(cluster.api, path)).code).toBe(404)
    const { items } = await shown({ method: 'DELETE', path: `${collection}?labelSelector=tested%3Ddry` })
    expect(items).toHaveLength(1)
    expect((await raw(cluster.api, `${collection}/new`)).code).toBe(404)
  })
})

test('a pod is bound and evicted', async () => {
  const collection = '/api/v1/namespaces/default/pods'
  const metadata = { name: 'placed' }
  await raw(cluster.api, collection, { body: { metadata, spec: podSpec } })
  const path = `${collection}/placed`
  await shown({ method: 'POST', path: `${path}/binding`, body: { metadata, target: { kind: 'Node', name: 'box' } } })
  expect((await raw(cluster.api, path)).json.spec.nodeName).toBe('box')
  await shown({ method: 'POST', path: `${path}/eviction`, body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata } }) // prettier-ignore
})

test('a token is asked for', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  expect((await shown({ method: 'POST', path, body: { spec: {} } })).kind).toBe('TokenRequest')
})
