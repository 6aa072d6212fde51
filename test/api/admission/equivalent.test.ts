// Rules for a version that only a webhook makes: webhooks and policies see the object in it, whatever version is written.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { eventually } from '../../support/eventually.ts'
import { jsonPatch, startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

const group = 'equivalent.example.com'
const namespace = 'default'
/** v1, which is stored, has `spec.hostPort: "host:port"`; v2 has `spec.host` and `spec.port`. */
type Server = AnyObject & { spec: { hostPort?: string; host?: string; port?: string } }
const typeOf = (version: string): ResourceType<Server> => ({
  ...{ group, version, kind: 'Server', plural: 'servers', namespaced: true },
})
const [V1, V2] = [typeOf('v1'), typeOf('v2')]
const text = { type: 'string' }
const version = (name: string, storage: boolean, properties: Record<string, JSONSchemaProps>) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
})

let cluster: SecuredCluster
let hooks: WebhookServer
const convert = ({ desiredAPIVersion, objects }: { desiredAPIVersion: string; objects: Server[] }) => {
  const convertedObjects = objects.map(object => {
    const [host, port] = object.spec.hostPort?.split(':') ?? [object.spec.host, object.spec.port]
    const spec = desiredAPIVersion.endsWith('v1') ? { hostPort: `${host}:${port}` } : { host, port }
    return { ...object, apiVersion: desiredAPIVersion, spec }
  })
  return { convertedObjects, result: { status: 'Success' } }
}
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
  hooks.on('/convert', convert)
  const clientConfig = { url: hooks.url('/convert'), caBundle: hooks.caBundle }
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: `servers.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'servers', kind: 'Server' },
      versions: [version('v1', true, { hostPort: text }), version('v2', false, { host: text, port: text })],
      conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
    },
  })
  await eventually(() => expect(cluster.api.server.context.resources.byUrl(group, 'v2', 'servers')).toBeDefined())
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})
afterEach(async () => {
  hooks.on('/convert', convert)
  for (const type of [
    ValidatingWebhookConfiguration,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
  ])
    // prettier-ignore
    await cluster.admin.deleteCollection(type, {})
  hooks.calls.length = 0
})

const rules = [{ operations: ['CREATE'], apiGroups: [group], apiVersions: ['v2'], resources: ['servers'] }]
const create = (name: string, hostPort: string) =>
  cluster.admin.create(V1, { metadata: { name, namespace }, spec: { hostPort } })
const hook = (path: string) => ({
  ...hooks.webhook(path),
  rules,
  matchPolicy: 'Equivalent',
})
const metadata = { name: 'rule' }

describe('a rule for a version that only a webhook makes', () => {
  test('lets a validating webhook see and refuse what is written in another', async () => {
    hooks.on('/deny', () => ({ allowed: false, status: { message: 'no' } }))
    await cluster.admin.create(ValidatingWebhookConfiguration, { metadata, webhooks: [hook('/deny')] })
    expect((await failure(create('a', 'a:1'))).message).toBe(
      'admission webhook "deny.hooks.test" denied the request: no',
    )
    expect(hooks.calls.find(({ path }) => path.startsWith('/deny'))?.request).toMatchObject({
      kind: { version: 'v2' },
      requestKind: { version: 'v1' },
      object: { apiVersion: `${group}/v2`, spec: { host: 'a', port: '1' } },
    })
  })

  test('lets a mutating webhook change it in its own version', async () => {
    hooks.on('/change', () => jsonPatch({ op: 'replace', path: '/spec/port', value: '99' }))
    await cluster.admin.create(MutatingWebhookConfiguration, { metadata, webhooks: [hook('/change')] })
    expect((await create('b', 'b:1')).spec).toEqual({ hostPort: 'b:99' })
    expect((await cluster.admin.get(V2, { namespace, name: 'b' })).spec).toEqual({ host: 'b', port: '99' })
  })

  test('lets policies change and refuse it', async () => {
    await cluster.admin.create(MutatingAdmissionPolicy, {
      metadata,
      spec: {
        matchConstraints: { resourceRules: rules },
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: { expression: "[JSONPatch{op: 'replace', path: '/spec/port', value: '7'}]" },
          },
        ],
      },
    })
    await cluster.admin.create(MutatingAdmissionPolicyBinding, { metadata, spec: { policyName: 'rule' } })
    expect((await create('c', 'c:1')).spec).toEqual({ hostPort: 'c:7' })
    await cluster.admin.create(ValidatingAdmissionPolicy, {
      metadata,
      spec: {
        matchConstraints: { resourceRules: rules },
        validations: [{ expression: "object.spec.port != '7'", message: 'port 7 is taken' }],
      },
    })
    await cluster.admin.create(ValidatingAdmissionPolicyBinding, {
      metadata,
      spec: { policyName: 'rule', validationActions: ['Deny'] },
    })
    expect((await failure(create('d', 'd:1'))).message).toContain('port 7 is taken')
  })

  test('gives policies parameters in the version that they name', async () => {
    await create('limits', 'forbidden:1')
    await cluster.admin.create(ValidatingAdmissionPolicy, {
      metadata,
      spec: {
        paramKind: { apiVersion: `${group}/v2`, kind: 'Server' },
        matchConstraints: { resourceRules: rules },
        validations: [{ expression: 'object.spec.host != params.spec.host', message: 'not this host' }],
      },
    })
    await cluster.admin.create(ValidatingAdmissionPolicyBinding, {
      metadata,
      spec: {
        policyName: 'rule',
        validationActions: ['Deny'],
        paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' },
      },
    })
    expect((await failure(create('g', 'forbidden:2'))).message).toContain('not this host')
    await create('g', 'allowed:2')
    await cluster.admin.patch(
      ValidatingAdmissionPolicyBinding,
      metadata,
      {
        spec: { paramRef: { name: null, selector: { matchLabels: { strict: 'yes' } } } },
      },
      { type: 'merge' },
    )
    expect((await failure(create('h', 'forbidden:3'))).message).toContain('no params found')
    await cluster.admin.patch(
      V1,
      { namespace, name: 'limits' },
      { metadata: { labels: { strict: 'yes' } } },
      { type: 'merge' },
    )
    expect((await failure(create('h', 'forbidden:3'))).message).toContain('not this host')
  })

  test('fails the write when nobody can convert, and asks once for however many rules', async () => {
    hooks.on('/allow', () => ({ allowed: true }))
    const webhooks = [hook('/allow'), { ...hook('/allow'), name: 'again.hooks.test' }]
    await cluster.admin.create(ValidatingWebhookConfiguration, { metadata, webhooks })
    await create('e', 'e:1')
    expect(hooks.calls.filter(({ path }) => path.startsWith('/convert'))).toHaveLength(1)
    hooks.on('/convert', () => 500)
    const { code, message } = await failure(create('f', 'f:1'))
    expect(code).toBe(500)
    expect(message).toContain(`conversion webhook for ${group}/v1, Kind=Server failed`)
  })
})
