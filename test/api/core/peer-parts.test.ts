// What the server adds to objects, refuses of their parts and warns of, as kube-apiserver does.
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestApiServer } from '../../support/api-server.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { type AnyJson, raw } from './support/raw.ts'

let cluster: SecuredCluster
let server: TestApiServer
beforeAll(async () => {
  cluster = await startSecuredCluster()
  server = cluster.api
  await make(`${IN_DEFAULT}/serviceaccounts`, named('default'))
})
afterAll(() => cluster[Symbol.asyncDispose]())

type Fields = Record<string, unknown>
const IN_DEFAULT = '/api/v1/namespaces/default'
const APPS = '/apis/apps/v1/namespaces/default'
const STORAGE = '/apis/storage.k8s.io/v1'
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
const DISCOVERY = '/apis/discovery.k8s.io/v1/namespaces/default'

async function make(path: string, body: Fields): Promise<AnyJson> {
  const { code, json } = await raw(server, path, { body })
  expect([code, json.message]).toEqual([201, undefined])
  return json
}
const put = (path: string, body: Fields) => raw(server, path, { method: 'PUT', body })
const merge = (path: string, body: Fields) =>
  raw(server, path, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body })

const containers = [{ name: 'web', image: 'web:1' }]
const workload = (image: string) => ({
  selector: { matchLabels: { a: 'b' } },
  template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'web', image }] } },
})
const named = (name: string, rest: Fields = {}) => ({ metadata: { name }, ...rest })

describe('what the server adds', () => {
  test('a role without rules has null', async () => {
    expect(await make(`${RBAC}/roles`, named('empty'))).toHaveProperty('rules', null)
  })

  test('the templates of a DaemonSet are counted in an annotation that nobody can change', async () => {
    const countOf = ({ json }: { json: AnyJson }) =>
      json.metadata.annotations['deprecated.daemonset.template.generation'] as string
    const path = `${APPS}/daemonsets`
    const json = await make(path, named('counted', { spec: workload('web:1') }))
    expect(countOf({ json })).toBe('1')
    const annotations = { 'deprecated.daemonset.template.generation': '7' }
    expect(countOf(await merge(`${path}/counted`, { metadata: { annotations } }))).toBe('1')
    expect(countOf(await merge(`${path}/counted/status`, { metadata: { annotations: null } }))).toBe('1')
    expect(countOf(await put(`${path}/counted`, named('counted', { spec: workload('web:2') })))).toBe('2')
  })

  test('a volume says since when it has its phase', async () => {
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } }
    const { status, metadata } = await make('/api/v1/persistentvolumes', named('aged', { spec }))
    expect(status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: metadata.creationTimestamp })
  })

  test('a CSIDriver is counted from its first change on, an EndpointSlice by its labels as well', async () => {
    const driver = await make(`${STORAGE}/csidrivers`, named('d.example.com', { spec: {} }))
    expect(driver.metadata.generation).toBeUndefined()
    const changed = await merge(`${STORAGE}/csidrivers/d.example.com`, { spec: { requiresRepublish: true } })
    expect(changed.json.metadata.generation).toBe(1)
    await make(`${DISCOVERY}/endpointslices`, named('s', { addressType: 'IPv4', endpoints: [] }))
    const labelled = await merge(`${DISCOVERY}/endpointslices/s`, { metadata: { labels: { a: 'b' } } })
    expect(labelled.json.metadata.generation).toBe(2)
    const annotated = await merge(`${DISCOVERY}/endpointslices/s`, { metadata: { annotations: { a: 'b' } } })
    expect(annotated.json.metadata.generation).toBe(2)
  })

  test('a pod that goes at once is shown as it went', async () => {
    await make(`${IN_DEFAULT}/pods`, named('leaving', { spec: { containers } }))
    const { json } = await raw(server, `${IN_DEFAULT}/pods/leaving`, { method: 'DELETE' })
    expect(json.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 })
    expect(json.metadata.deletionTimestamp).toBeDefined()
    expect((await raw(server, `${IN_DEFAULT}/pods/leaving`)).code).toBe(404)
  })
})

describe('who replaces an object without its version', () => {
  test.each<[what: string, path: string, body: Fields]>([
    ['a Lease', '/apis/coordination.k8s.io/v1/namespaces/default/leases', { spec: {} }],
    ['a RuntimeClass', '/apis/node.k8s.io/v1/runtimeclasses', { handler: 'runc' }],
    ['a budget', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', { spec: { minAvailable: 1 } }],
    ['a CSINode', `${STORAGE}/csinodes`, { spec: { drivers: [] } }],
  ])('is refused for %s', async (_, path, body) => {
    const made = await make(path, named('versioned', body))
    const { code, json } = await put(`${path}/versioned`, named('versioned', body))
    expect([code, json.details.kind, json.details.causes]).toEqual([
      422,
      path.split('/').at(-1),
      [
        {
          reason: 'FieldValueInvalid',
          field: 'metadata.resourceVersion',
          message: 'Invalid value: 0: must be specified for an update',
        },
      ],
    ])
    expect((await put(`${path}/versioned`, made)).code).toBe(200)
  })

  test('is not refused for a ConfigMap', async () => {
    await make(`${IN_DEFAULT}/configmaps`, named('unversioned'))
    expect((await put(`${IN_DEFAULT}/configmaps/unversioned`, named('unversioned'))).code).toBe(200)
  })
})

test('the status of a VolumeAttachment changes no label', async () => {
  const spec = { attacher: 'd.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } }
  await make(`${STORAGE}/volumeattachments`, { metadata: { name: 'a', labels: { l: '1' } }, spec })
  const body = { metadata: { labels: { l: '2', m: '3' } }, status: { attached: true } }
  const { json } = await merge(`${STORAGE}/volumeattachments/a/status`, body)
  expect([json.metadata.labels, json.status]).toEqual([{ l: '1' }, { attached: true }])
})

describe('parts of objects', () => {
  const namespace = named('part')
  beforeAll(async () => {
    await make('/api/v1/namespaces', namespace)
    await make(`${IN_DEFAULT}/pods`, named('part', { spec: { containers } }))
  })

  test.each<[what: string, path: string, body: Fields, code: number, message: string]>([
    ['a Binding without a name', `${IN_DEFAULT}/pods/part/binding`, { target: { name: 'n' } }, 400, 'name in URL does not match name in Binding object'],
    ['a Binding to a pod', `${IN_DEFAULT}/pods/part/binding`, named('part', { target: { kind: 'Pod', name: 'n' } }), 400, 'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'],
    ['an Eviction without a name', `${IN_DEFAULT}/pods/part/eviction`, {}, 400, 'name in URL does not match name in Eviction object'],
    ['a VolumeAttributesClass without parameters', `${STORAGE}/volumeattributesclasses`, named('c', { driverName: 'd.example.com' }), 422, 'VolumeAttributesClass.storage.k8s.io "c" is invalid: parameters: Required value: must contain at least one key/value pair'],
  ])('%s is refused', async (_, path, body, code, message) => {
    const answer = await raw(server, path, { body })
    expect([answer.code, answer.json.message]).toEqual([code, message])
  }) // prettier-ignore

  test.each<[query: string, code: number, message: string]>([
    ['tailLines=-1', 422, 'PodLogOptions "part" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['sinceSeconds=0', 422, 'PodLogOptions "part" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'],
    ['limitBytes=0', 422, 'PodLogOptions "part" is invalid: limitBytes: Invalid value: 0: must be greater than 0'],
    ['tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['sinceTime=x', 400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['stream=x', 422, 'PodLogOptions "part" is invalid: stream: Unsupported value: "x": supported values: "All", "Stderr", "Stdout"'],
  ])('logs are not asked for with %s', async (query, code, message) => {
    const { json } = await raw(server, `${IN_DEFAULT}/pods/part/log?${query}`)
    expect([json.code, json.message]).toEqual([code, message])
  }) // prettier-ignore

  test('a budget that nobody has counted yet is to be asked again in ten seconds', async () => {
    const spec = { minAvailable: 1, selector: { matchLabels: { a: 'uncounted' } } }
    await make('/apis/policy/v1/namespaces/default/poddisruptionbudgets', named('uncounted', { spec }))
    const metadata = { name: 'guarded', labels: { a: 'uncounted' } }
    await make(`${IN_DEFAULT}/pods`, { metadata, spec: { containers } })
    await merge(`${IN_DEFAULT}/pods/guarded/status`, { status: { phase: 'Running' } })
    const { code, json } = await raw(server, `${IN_DEFAULT}/pods/guarded/eviction`, { body: named('guarded') })
    expect([code, json.details.retryAfterSeconds]).toEqual([429, 10])
  })

  test('a namespace is finalized with names of finalizers', async () => {
    const { code, json } = await put('/api/v1/namespaces/part/finalize', {
      ...namespace,
      spec: { finalizers: ['bad'] },
    })
    expect([code, json.message]).toEqual([
      422,
      'Namespace "part" is invalid: spec.finalizers[0]: Invalid value: "bad": name is neither a standard finalizer name nor is it fully qualified',
    ])
  })

  test('a namespace is Terminating only when it is deleted', async () => {
    const { code, json } = await merge('/api/v1/namespaces/part/status', { status: { phase: 'Terminating' } })
    expect([code, json.details.causes[0]]).toMatchObject([
      422,
      { field: 'status.Phase', message: 'Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty' },
    ]) // prettier-ignore
  })

  test('a TokenReview may have a name, a SubjectAccessReview may not', async () => {
    const token = await raw(server, '/apis/authentication.k8s.io/v1/tokenreviews', { body: named('a', { spec: { token: 'x' } }) })
    expect(token.code).toBe(201)
    const spec = { user: 'ann', nonResourceAttributes: { path: '/', verb: 'get' } }
    const access = await raw(server, '/apis/authorization.k8s.io/v1/subjectaccessreviews', { body: named('a', { spec }) })
    expect([access.code, access.json.details.causes[0].field]).toEqual([422, 'metadata'])
  }) // prettier-ignore
})

describe('the pair of a TLS secret is warned of', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const other = '-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n'
  test.each<[what: string, pair: () => [certificate: string, key: string], warning: string | undefined]>([
    ['nothing of one that fits', () => [server.pki.admin.certPem, server.pki.admin.keyPem], undefined],
    ['no PEM', () => ['a', 'b'], 'tls: failed to find any PEM data in certificate input'],
    ['other PEM', () => [other, 'b'], 'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [OTHER]'],
    ['a pair that is switched', () => [server.pki.admin.keyPem, server.pki.admin.certPem], 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'],
    ['no key', () => [server.pki.admin.certPem, ''], 'tls: failed to find any PEM data in key input'],
    ['a certificate for a key', () => [server.pki.admin.certPem, server.pki.admin.certPem], 'tls: found a certificate rather than a key in the PEM for the private key'],
    ['a key of another', () => [server.pki.admin.certPem, String(key)], 'tls: private key does not match public key'],
  ])('%s', async (_, pair, warning) => {
    const [certificate, keyPem] = pair()
    const body = named('pair', { type: 'kubernetes.io/tls', stringData: { 'tls.crt': certificate, 'tls.key': keyPem } })
    const { code, headers } = await raw(server, `${IN_DEFAULT}/secrets?dryRun=All`, { body })
    expect(code).toBe(201)
    expect(headers['warning']).toBe(warning && `299 - ${JSON.stringify(warning)}`)
  }) // prettier-ignore
})
