// Field selectors: which fields each kind offers, that lists and watches go by them, and what is said of others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'
import { minimalObjects } from './minimal-objects.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

interface Row {
  /** Besides what every object of the kind has. */
  readonly object?: object
  readonly status?: object
  /** Every field that upstream has of the kind, and what it is of this object. */
  readonly fields: Readonly<Record<string, string>>
}

const involved = {
  ...{ kind: 'Pod', namespace: 'default', name: 'web', uid: 'u-1', apiVersion: 'v1', resourceVersion: '7' },
  fieldPath: 'spec.containers{web}',
}
const fieldsOf = (prefix: string, object: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [`${prefix}.${key}`, value]))

/** By schema id. Other kinds have their name and namespace alone. */
const ROWS: Readonly<Record<string, Row>> = {
  'core.v1.Event': {
    object: { involvedObject: involved, reason: 'Tested', type: 'Warning', source: { component: 'tester' } },
    fields: {
      ...fieldsOf('involvedObject', involved),
      ...{ reason: 'Tested', reportingComponent: '', source: 'tester', type: 'Warning' },
    },
  },
  'core.v1.Namespace': { fields: { 'status.phase': 'Active' } },
  'core.v1.Node': { object: { spec: { unschedulable: true } }, fields: { 'spec.unschedulable': 'true' } },
  'core.v1.Pod': {
    object: {
      spec: {
        ...{ containers: [{ name: 'web', image: 'web:1' }], nodeName: 'n1', restartPolicy: 'Never' },
        ...{ schedulerName: 'own', serviceAccountName: 'worker', hostNetwork: true },
      },
    },
    status: { phase: 'Running', podIP: '10.1.0.9', podIPs: [{ ip: '10.1.0.9' }] },
    fields: {
      ...{ 'spec.nodeName': 'n1', 'spec.host': 'n1', 'spec.restartPolicy': 'Never', 'spec.schedulerName': 'own' },
      ...{ 'spec.serviceAccountName': 'worker', 'spec.hostNetwork': 'true', 'status.phase': 'Running' },
      // The addresses are taken, and never filled in.
      ...{ 'status.podIP': '10.1.0.9', 'status.podIPs': '', 'status.nominatedNodeName': '' },
    },
  },
  'core.v1.ReplicationController': { status: { replicas: 3 }, fields: { 'status.replicas': '3' } },
  'core.v1.Secret': { object: { type: 'example.com/own' }, fields: { type: 'example.com/own' } },
  'core.v1.Service': {
    object: { spec: { ports: [{ port: 80 }], clusterIP: 'None', type: 'ClusterIP' } },
    fields: { 'spec.clusterIP': 'None', 'spec.type': 'ClusterIP' },
  },
  'batch.v1.Job': { status: { succeeded: 2 }, fields: { 'status.successful': '2' } },
  'certificates.v1.CertificateSigningRequest': { fields: { 'spec.signerName': 'example.com/signer' } },
  'events.v1.Event': {
    object: { regarding: involved, type: 'Normal' },
    fields: {
      ...fieldsOf('regarding', involved),
      ...{ reason: 'Tested', reportingController: 'example.com/reporter', type: 'Normal' },
    },
  },
  'resource.v1.ResourceSlice': { fields: { 'spec.nodeName': 'n1', 'spec.driver': 'example.com' } },
}

const resources = builtinResources.filter(({ virtual, verbs }) => !virtual && verbs.includes('list'))
const groupOf = (schema: string) => schema.split('.')[0]
const upstream = resources.filter(({ schema }) => groupOf(schema) !== 'flotilla')
type Resource = (typeof resources)[number]
const pathOf = ({ type: { group, version, plural, namespaced } }: Resource) =>
  `/${group ? `apis/${group}` : 'api'}/${version}${namespaced ? '/namespaces/default' : ''}/${plural}`
const names = (list: AnyJson): string[] => list.items.map(({ metadata }: AnyJson) => metadata.name as string)
const selecting = (resource: Resource, selector: string, more = '') =>
  raw(server, `${pathOf(resource)}?fieldSelector=${encodeURIComponent(selector)}${more}`)

test('the fields of every kind are those that upstream has', () => {
  const ours = upstream.flatMap(({ schema, selectableFields }) =>
    selectableFields ? [[schema, Object.keys(selectableFields).sort()] as const] : [],
  )
  const theirs = Object.entries(ROWS).map(([schema, { fields }]) => [schema, Object.keys(fields).sort()] as const)
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
})

describe.each(Object.entries(ROWS))('%s', (schema, { object, status, fields }) => {
  const resource = resources.find(known => known.schema === schema)!
  const name = `selected-${groupOf(schema)}`

  beforeAll(async () => {
    const body = { ...minimalObjects[schema], ...object, metadata: { name } }
    const made = await raw(server, pathOf(resource), { body })
    expect([made.code, made.json.message]).toEqual([201, undefined])
    if (!status) return
    const headers = { 'content-type': 'application/merge-patch+json' }
    const path = `${pathOf(resource)}/${name}/status`
    const told = await raw(server, path, { method: 'PATCH', body: { status }, headers })
    expect([told.code, told.json.message]).toEqual([200, undefined])
  })

  test.concurrent.each(Object.entries(fields))(
    'is listed and watched by %s=%s, and not by another value',
    async (field, value) => {
      expect(names((await selecting(resource, `${field}=${value}`)).json)).toContain(name)
      expect(names((await selecting(resource, `${field}==${value},metadata.name=${name}`)).json)).toEqual([name])
      expect(names((await selecting(resource, `${field}!=${value}`)).json)).not.toContain(name)
      expect(names((await selecting(resource, `${field}=another`)).json)).toEqual([])
      const [its, others] = await Promise.all(
        [`${field}=${value}`, `${field}!=${value}`].map(selector =>
          selecting(resource, `${selector},metadata.name=${name}`, '&watch=1&timeoutSeconds=1'),
        ),
      )
      expect(JSON.parse(its!.text)).toMatchObject({ type: 'ADDED', object: { metadata: { name } } })
      expect(others!.text).toBe('')
    },
  )
})

test('a pod that waits for its node is listed by the one that it is nominated for', async () => {
  const pods = resources.find(({ schema }) => schema === 'core.v1.Pod')!
  await raw(server, pathOf(pods), { body: { ...minimalObjects['core.v1.Pod'], metadata: { name: 'waits' } } })
  const headers = { 'content-type': 'application/merge-patch+json' }
  const body = { status: { nominatedNodeName: 'n2' } }
  await raw(server, `${pathOf(pods)}/waits/status`, { method: 'PATCH', body, headers })
  expect(names((await selecting(pods, 'status.nominatedNodeName=n2')).json)).toEqual(['waits'])
})

test.each(upstream.map(resource => [resource.schema, resource] as const))(
  '%s refuses a field that it does not have, in a list and in a watch',
  async (schema, resource) => {
    const { kind } = resource.type
    const messages: Readonly<Record<string, string>> = {
      'batch.v1.Job': 'field label "spec.foo" not supported for Job',
      'resource.v1.ResourceSlice': `field label not supported for resource.k8s.io/v1, Kind=${kind}: spec.foo`,
    }
    const message = ROWS[schema]
      ? (messages[schema] ?? 'field label not supported: spec.foo')
      : '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"'
    for (const more of ['', '&watch=1']) {
      const { code, json } = await selecting(resource, 'spec.foo=x', more)
      expect([code, json.reason, json.message]).toEqual([400, 'BadRequest', message])
    }
  },
)

test.each(upstream.filter(({ schema, type }) => ROWS[schema] && !type.namespaced).map(r => [r.schema, r] as const))(
  '%s has no namespace to select by',
  async (_, resource) => {
    const { code, json } = await selecting(resource, 'metadata.namespace=default')
    expect([code, json.message]).toEqual([400, expect.stringMatching(/^field label not supported/)])
  },
)
