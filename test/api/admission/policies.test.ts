// ValidatingAdmissionPolicy and MutatingAdmissionPolicy, on a cluster with all admission plugins.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  type MutatingAdmissionPolicyBindingSpec,
  type MutatingAdmissionPolicySpec,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  type ValidatingAdmissionPolicyBindingSpec,
  type ValidatingAdmissionPolicySpec,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { ConfigMap, Namespace, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { expressionWarnings } from '../../../src/main/apiserver/admission/policies/type-checks.ts'
import { eventually } from '../../support/eventually.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let admin: Client
let count = 0
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  admin = cluster.admin
  await admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await admin.create(Namespace, { metadata: { name: 'prod', labels: { env: 'prod' } }, spec: {} })
})
afterAll(() => cluster[Symbol.asyncDispose]())
afterEach(async () => {
  for (const type of [
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicy,
  ])
    await admin.deleteCollection(type, {})
})

const about = (resources: string[], operations = ['CREATE', 'UPDATE'], apiGroups = ['']): MatchResources => ({
  resourceRules: [{ apiGroups, apiVersions: ['*'], operations, resources }],
})
type ValidatingSpec = Partial<ValidatingAdmissionPolicySpec>

/** A policy and a binding, by default about config maps. */
async function validating(spec: ValidatingSpec, binding: Partial<ValidatingAdmissionPolicyBindingSpec> = {}) {
  const name = `policy-${++count}`
  await admin.create(ValidatingAdmissionPolicy, {
    metadata: { name },
    spec: { matchConstraints: about(['configmaps']), ...spec },
  })
  await admin.create(ValidatingAdmissionPolicyBinding, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  })
  return name
}
async function mutating(
  spec: Partial<MutatingAdmissionPolicySpec>,
  binding: Partial<MutatingAdmissionPolicyBindingSpec> = {},
) {
  const name = `mutation-${String(++count).padStart(3, '0')}`
  await admin.create(MutatingAdmissionPolicy, {
    metadata: { name },
    spec: { matchConstraints: about(['configmaps']), reinvocationPolicy: 'Never', ...spec },
  })
  await admin.create(MutatingAdmissionPolicyBinding, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, ...binding },
  })
}
const configMap = (data: Record<string, string> = {}, within = namespace, client = admin) =>
  client.create(ConfigMap, { metadata: { namespace: within, name: `map-${++count}` }, data })
const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const jsonPatch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })

describe('a validating policy', () => {
  test('refuses with its message, as Invalid unless it says another reason', async () => {
    const name = await validating({
      validations: [{ expression: "object.data.?a.orValue('') != 'bad'", message: 'a must not be bad' }],
    })
    const error = await failure(configMap({ a: 'bad' }))
    expect(error.message).toBe(
      `configmaps "map-${count}" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}-binding' denied request: a must not be bad`,
    )
    expect([error.code, error.reason]).toEqual([422, 'Invalid'])
    await configMap({ a: 'good' })
  })
  test('tells a Binding at its older path from that of a pod', async () => {
    const expression =
      "request.resource.resource == 'bindings' && request.subResource == '' && object.kind == 'Binding'"
    const message = 'not that way'
    await validating({
      matchConstraints: about(['bindings']),
      validations: [{ expression: `!(${expression})`, message }],
    })
    const bind = async (path: string) => {
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'none' }, target: { name: 'node' } }
      return (await raw(cluster.api, `/api/v1/namespaces/default/${path}`, { body })).json
    }
    expect((await bind('bindings')).message).toMatch(/^bindings "none" is forbidden: .*: not that way$/)
    expect((await bind('pods/none/binding')).reason).toBe('NotFound')
  })
  test('is asked before a create with a version is refused for that', async () => {
    await validating({ validations: [{ expression: 'false', message: 'not here' }] })
    const metadata = { name: 'versioned', namespace, resourceVersion: '5' }
    expect((await failure(admin.create(ConfigMap, { metadata }))).message).toContain('not here')
  })
  test('may say another reason, and make its message by an expression', async () => {
    await validating({
      variables: [{ name: 'size', expression: 'size(object.data)' }],
      validations: [
        {
          expression: 'variables.size < 2',
          messageExpression: "'%d entries are too many'.format([variables.size])",
          reason: 'Forbidden',
        },
      ],
    })
    const error = await failure(configMap({ a: '1', b: '2' }))
    expect([error.code, error.message.split('denied request: ')[1]]).toEqual([403, '2 entries are too many'])
  })
  test('without a message shows its expression; one that fails is a refusal unless failures are ignored', async () => {
    await validating({ validations: [{ expression: "object.data.a == 'x'" }] })
    expect((await failure(configMap({ a: 'y' }))).message).toContain("failed expression: object.data.a == 'x'")
    expect((await failure(configMap({ b: 'x' }))).message).toContain('resulted in error: no such key: a')
    await admin.deleteCollection(ValidatingAdmissionPolicy, {})
    await validating({ failurePolicy: 'Ignore', validations: [{ expression: "object.data.a == 'x'" }] })
    await configMap({ b: 'x' })
  })
  test('compares with the object before, and sees the request and who makes it', async () => {
    await validating({
      validations: [
        { expression: "request.operation != 'UPDATE' || object.data.a == oldObject.data.a", message: 'a stays' },
        { expression: "request.userInfo.username != 'mallory'", message: 'not you' },
        { expression: "request.namespace == 'default' && request.resource.resource == 'configmaps'" },
        { expression: "namespaceObject.metadata.name == 'default'" },
      ],
    })
    const { metadata } = await configMap({ a: '1' })
    const patch = (data: object) =>
      admin.patch(ConfigMap, { namespace, name: metadata.name }, { data }, { type: 'merge' })
    expect((await failure(patch({ a: '2' }))).message).toContain('a stays')
    await patch({ b: '2' })
    expect((await failure(configMap({}, namespace, cluster.as('mallory', 'system:masters')))).message).toContain(
      'not you',
    )
  })
  test('asks the authorizers', async () => {
    await validating({
      validations: [
        {
          expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()",
          message: 'whoever may not read secrets writes nothing',
        },
        { expression: "!authorizer.serviceAccount('default', 'default').path('/metrics').check('get').allowed()" },
        { expression: "authorizer.requestResource.check('create').allowed()" },
      ],
    })
    await configMap({})
  })
  test('warns or only notes where its binding says so', async () => {
    const name = await validating(
      { validations: [{ expression: 'false', message: 'never' }] },
      { validationActions: ['Warn', 'Audit'] },
    )
    const { code, headers } = await raw(cluster.api, '/api/v1/namespaces/default/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'warned' } },
    })
    expect(code).toBe(201)
    expect(headers['warning']).toContain(
      `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${name}-binding': never`,
    )
  })
  test('is asked only where its rules, selectors and conditions match, and its binding too', async () => {
    await validating(
      {
        matchConstraints: {
          ...about(['configmaps']),
          excludeResourceRules: [{ ...about(['*'], ['*'])!.resourceRules![0]!, resourceNames: ['spared'] }],
        },
        matchConditions: [{ name: 'not-for-robots', expression: "!request.userInfo.username.startsWith('robot')" }],
        validations: [{ expression: 'false' }],
      },
      { matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } } } },
    )
    await configMap({})
    await failure(configMap({}, 'prod'))
    await configMap({}, 'prod', cluster.as('robot-1', 'system:masters'))
    await admin.create(ConfigMap, { metadata: { namespace: 'prod', name: 'spared' } })
  })
  test('sees a deletion, and sub-resources that it names', async () => {
    await validating({
      matchConstraints: about(['configmaps'], ['DELETE']),
      validations: [{ expression: "object == null && oldObject.metadata.name != 'kept'", message: 'kept stays' }],
    })
    await admin.create(ConfigMap, { metadata: { namespace, name: 'kept' } })
    expect((await failure(admin.delete(ConfigMap, { namespace, name: 'kept' }))).message).toContain('kept stays')
    const { metadata } = await configMap({})
    await admin.delete(ConfigMap, { namespace, name: metadata.name })
  })
  test('sees the options with their kind, a Namespace within itself, and no name where a collection goes', async () => {
    const maps = '/api/v1/namespaces/default/configmaps'
    const metadata = (name: string) => ({ name, labels: { seen: 'a' } })
    await raw(cluster.api, maps, { body: { metadata: metadata('going') } })
    const seen = ['name', 'namespace', 'options.kind', 'options.?fieldManager.orValue("-")']
    await validating({
      matchConstraints: about(['configmaps', 'namespaces'], ['CREATE', 'UPDATE', 'DELETE']),
      matchConditions: [
        { name: 'mine', expression: '(object == null ? oldObject : object).metadata.?labels["seen"].hasValue()' },
      ],
      validations: [
        { expression: 'false', messageExpression: `[${seen.map(field => `dyn(request.${field})`).join()}].join(",")` },
      ],
    })
    const told = async (path: string, method: string, body?: object) => {
      const { json } = await raw(cluster.api, path, { method, ...(body ? { body } : {}) })
      return / denied request: (.*)$/.exec(String(json.message))?.[1]
    }
    const made = { metadata: metadata('made') }
    expect([
      await told(`${maps}?fieldManager=me`, 'POST', made),
      await told('/api/v1/namespaces', 'POST', made),
      await told(`${maps}/going`, 'PUT', { metadata: metadata('going') }),
      await told(`${maps}/going`, 'DELETE'),
      await told(`${maps}?labelSelector=seen`, 'DELETE'),
    ]).toEqual([
      'made,default,CreateOptions,me',
      'made,made,CreateOptions,-',
      'going,default,UpdateOptions,-',
      'going,default,DeleteOptions,-',
      ',default,DeleteOptions,-',
    ])
  })
  test.each([
    ['pods/exec', '/pods/web/exec?command=a&stdout=true', 'PodExecOptions ["a"]'],
    ['pods/proxy', '/pods/web/proxy/some/where', 'PodProxyOptions "/some/where"'],
    ['services/proxy', '/services/web/proxy/some/where', 'ServiceProxyOptions "/some/where"'],
  ])(
    'sees what a connection to %s asks for, before anybody looks whether there is such a thing',
    async (at, path, what) => {
      await validating({
        matchConstraints: about([at], ['CONNECT']),
        validations: [
          {
            expression: 'has(request.options)',
            messageExpression:
              'object.kind + " " + (object.?command.hasValue() ? "[\\"" + object.command[0] + "\\"]" : "\\"" + object.path + "\\"")',
          },
        ],
      })
      const { code, json } = await raw(cluster.api, `/api/v1/namespaces/default${path}`)
      expect([code, String(json.message).split('denied request: ')[1]]).toEqual([422, what])
    },
  )
  test('sees the object in the version that its rule names', async () => {
    await validating({
      matchConstraints: {
        resourceRules: [{ apiGroups: ['autoscaling'], apiVersions: ['v1'], operations: ['*'], resources: ['*'] }],
      },
      validations: [
        { expression: "object.apiVersion == 'autoscaling/v1' && object.spec.targetCPUUtilizationPercentage < 80" },
      ],
    })
    const scaler = (name: string, averageUtilization: number) =>
      admin.create(HorizontalPodAutoscaler, {
        metadata: { namespace, name },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
          ],
        },
      })
    await scaler('low', 50)
    await failure(scaler('high', 90))
  })
  test('says in its status which expressions do not fit the kinds that it matches', async () => {
    const checked = async (spec: ValidatingSpec) => {
      const name = await validating(spec, { validationActions: ['Audit'] })
      return eventually(async () => {
        const { metadata, status } = await admin.get(ValidatingAdmissionPolicy, { name })
        expect(status.observedGeneration).toBe(metadata.generation)
        return status.typeChecking
      })
    }
    const matchConstraints = {
      resourceRules: [
        {
          apiGroups: ['apps'],
          apiVersions: ['v1'],
          operations: ['*'],
          resources: ['deployments', 'deployments/scale'],
        },
        { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['*'], resources: ['statefulsets', '*'] },
      ],
    }
    const variables = [{ name: 'count', expression: 'object.spec.replicas' }]
    const right = "has(object.metadata.labels) && object.metadata.labels['a'] == 'b' && variables.count > 1"
    expect(await checked({ matchConstraints, variables, validations: [{ expression: right }] })).toEqual({})
    const wrong = [
      { expression: right },
      { expression: 'object.replicas > 1' },
      { expression: "variables.count == 'a'", messageExpression: 'string(object.spec.strategy.type)' },
    ]
    const { expressionWarnings } = (await checked({ matchConstraints, variables, validations: wrong }))!
    expect(expressionWarnings!.map(({ fieldRef }) => fieldRef)).toEqual([
      'spec.validations[1].expression',
      'spec.validations[2].expression',
      'spec.validations[2].messageExpression',
    ])
    const marked = "ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^"
    expect(expressionWarnings![0]!.warning).toBe(
      `apps/v1, Kind=Deployment: ${marked}\napps/v1, Kind=StatefulSet: ${marked}`,
    )
    // A StatefulSet has no strategy; a Deployment has.
    expect(expressionWarnings![2]!.warning).toMatch(
      /^apps\/v1, Kind=StatefulSet: ERROR: [^]*undefined field 'strategy'/,
    )
  })
  test('sees a Scale where a Deployment is scaled, and changes that alone', async () => {
    const labels = { app: 'web' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } }
    const { metadata } = await admin.create(Deployment, {
      metadata: { namespace, name: `deployment-${++count}` },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    })
    const matchConstraints = about(['deployments/scale'], ['UPDATE'], ['apps'])
    await validating({
      matchConstraints,
      validations: [
        {
          expression:
            "request.kind.kind == 'Scale' && object.kind == 'Scale' && oldObject.status.selector == 'app=web'",
        },
        { expression: 'object.spec.replicas < 5', message: 'too many' },
      ],
    })
    await mutating({
      matchConstraints,
      matchConditions: [{ name: 'none', expression: 'object.spec.replicas == 0' }],
      mutations: [apply('Object{spec: Object.spec{replicas: 3}}')],
    })
    const scaleTo = (replicas: number) =>
      raw(cluster.api, `/apis/apps/v1/namespaces/${namespace}/deployments/${metadata.name}/scale`, {
        method: 'PATCH',
        body: { spec: { replicas } },
        headers: { 'content-type': 'application/merge-patch+json' },
      })
    expect((await scaleTo(0)).json).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } })
    expect((await scaleTo(7)).json).toMatchObject({ code: 422, message: expect.stringContaining('too many') })
    expect((await admin.get(Deployment, metadata)).spec.replicas).toBe(3)
  })
  test('is checked against custom resources and parameters as well', async () => {
    await admin.create(CustomResourceDefinition, {
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'boats', kind: 'Boat' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { sails: { type: 'integer' } } } },
              },
            },
          },
        ],
      },
    })
    const { resources } = cluster.api.server.context
    await eventually(() => expect(resources.byUrl('example.com', 'v1', 'boats')).toBeDefined())
    const warnings = (expression: string) =>
      expressionWarnings(
        {
          metadata: { name: 'p' },
          spec: {
            paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
            matchConstraints: {
              resourceRules: [
                { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['*'], resources: ['boats'] },
              ],
            },
            validations: [{ expression }],
          },
        } as unknown as ValidatingAdmissionPolicy,
        resources,
      ).map(({ warning }) => warning.split('\n')[0])
    expect(warnings("object.spec.sails > 1 && object.metadata.name != '' && params.data['a'] == 'b'")).toEqual([])
    expect(warnings('object.spec.masts > 1')).toEqual(["example.com/v1, Kind=Boat: ERROR: <input>:1:12: undefined field 'masts'"]) // prettier-ignore
    expect(warnings("params.dta['a'] == 'b'")).toEqual(["example.com/v1, Kind=Boat: ERROR: <input>:1:7: undefined field 'dta'"]) // prettier-ignore
  })
  test('that takes long comes to what it should, also as a variable that others read, and is computed once', async () => {
    const all = (list: string) => `${list}.map(x, ${list}.all(y, x + y >= 0))`
    await validating({
      variables: [
        { name: 'numbers', expression: 'lists.range(150).map(x, x + 1)' },
        { name: 'sums', expression: all('variables.numbers') },
        { name: 'count', expression: 'variables.sums.filter(x, x).size()' },
      ],
      validations: [
        {
          expression: 'variables.count == 150 && variables.sums.size() != variables.count',
          messageExpression: '"counted " + string(variables.count)',
        },
      ],
    })
    expect((await failure(configMap({}))).message).toContain('denied request: counted 150')
  })
  test('that costs too much is a refusal, told as such', async () => {
    await validating({
      validations: [{ expression: 'lists.range(2000).all(x, lists.range(2000).all(y, x + y >= 0))' }],
    })
    expect((await failure(configMap({}))).message).toContain('actual cost limit exceeded')
  })
  test.each<[string, ValidatingSpec, string]>([
    [
      'that does not compile',
      { validations: [{ expression: 'object.x ==' }] },
      'spec.validations[0].expression: Invalid value: "object.x ==": compilation failed: ERROR: <input>:1:12: Syntax error',
    ],
    ['that is no bool', { validations: [{ expression: '1' }] }, 'must evaluate to bool but got int'],
    [
      'that reads parameters without having any',
      { validations: [{ expression: 'params.x' }] },
      "undeclared reference to 'params'",
    ],
    [
      'that reads an unknown variable',
      { validations: [{ expression: 'variables.x' }], variables: [{ name: 'y', expression: '1' }] },
      "undefined field 'x'",
    ],
    ['without anything to validate', {}, 'validations or auditAnnotations must contain at least one item'],
    [
      'without rules',
      { matchConstraints: {}, validations: [{ expression: 'true' }] },
      'spec.matchConstraints.resourceRules: Required value',
    ],
    [
      'with a wrong variable name',
      { variables: [{ name: '1x', expression: '1' }], validations: [{ expression: 'true' }] },
      'must be a valid CEL identifier',
    ],
    [
      'with a wrong condition',
      { matchConditions: [{ name: 'a', expression: '1' }], validations: [{ expression: 'true' }] },
      'spec.matchConditions[0].expression',
    ],
    ['with an unknown reason', { validations: [{ expression: 'true', reason: 'Odd' }] }, 'Unsupported value: "Odd"'],
  ])('%s is refused itself', async (_name, spec, message) => {
    expect((await failure(validating(spec))).message).toContain(message)
  })
})

describe('parameters', () => {
  const limits = (name: string, max: string, labels: Record<string, string> = {}, within = namespace) =>
    admin.create(ConfigMap, { metadata: { namespace: within, name, labels }, data: { max } })
  const spec: ValidatingSpec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    matchConstraints: about(['deployments'], ['CREATE'], ['apps']),
    validations: [
      { expression: 'object.spec.replicas <= int(params.data.max)', messageExpression: "'at most ' + params.data.max" },
    ],
  }
  const deployment = (replicas: number) =>
    admin.create(Deployment, {
      metadata: { namespace, name: `web-${++count}` },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
      },
    })
  test('come from an object that the binding names', async () => {
    await limits('limit', '3')
    await validating(spec, { paramRef: { name: 'limit', namespace, parameterNotFoundAction: 'Deny' } })
    await deployment(3)
    expect((await failure(deployment(4))).message).toContain('at most 3')
    await admin.delete(ConfigMap, { namespace, name: 'limit' })
    expect((await failure(deployment(1))).message).toContain(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    )
  })
  test('come from all objects that the binding selects, in the namespace of the request', async () => {
    await limits('wide', '9', { limit: 'yes' })
    await limits('narrow', '5', { limit: 'yes' })
    await limits('elsewhere', '1', { limit: 'yes' }, 'prod')
    await validating(spec, {
      paramRef: { selector: { matchLabels: { limit: 'yes' } }, parameterNotFoundAction: 'Allow' },
    })
    await deployment(5)
    expect((await failure(deployment(6))).message).toContain('at most 5')
    for (const name of ['wide', 'narrow']) await admin.delete(ConfigMap, { namespace, name })
    await deployment(100)
  })
  test('of an unknown kind are a refusal', async () => {
    const paramKind = { apiVersion: 'none.example.com/v1', kind: 'None' }
    await validating({ ...spec, paramKind }, { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } })
    expect((await failure(deployment(1))).message).toContain(
      "failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'",
    )
  })
})

describe('a mutating policy', () => {
  test('applies a configuration', async () => {
    await mutating({
      mutations: [
        apply('Object{metadata: Object.metadata{labels: {"team": request.namespace}}, data: {"added": "1"}}'),
      ],
    })
    const { metadata, data } = await configMap({ own: '0' })
    expect([metadata.labels, data]).toEqual([{ team: 'default' }, { own: '0', added: '1' }])
  })
  test('merges lists by their keys, and leaves what it does not name', async () => {
    await mutating({
      matchConstraints: about(['deployments'], ['CREATE'], ['apps']),
      mutations: [
        apply(
          'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{initContainers: [Object.spec.template.spec.initContainers{name: "mesh", image: "proxy", restartPolicy: "Always"}]}}}}',
        ),
      ],
    })
    const made = await admin.create(Deployment, {
      metadata: { namespace, name: 'meshed' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
      },
    })
    const { initContainers, containers } = made.spec.template.spec!
    expect(initContainers).toMatchObject([
      { name: 'mesh', image: 'proxy', restartPolicy: 'Always', imagePullPolicy: 'Always' },
    ])
    expect(containers).toMatchObject([{ name: 'main' }])
  })
  test('patches by JSON patch', async () => {
    await mutating({
      mutations: [
        jsonPatch(
          '[JSONPatch{op: "test", path: "/data/a", value: "1"}, JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("x/y"), value: "2"}, JSONPatch{op: "remove", path: "/data/a"}]'.replace(
            'x/y',
            'x~y',
          ),
        ),
      ],
      failurePolicy: 'Ignore',
    })
    expect((await failure(configMap({ a: '1' }))).message).toContain('data')
    await admin.deleteCollection(MutatingAdmissionPolicy, {})
    await mutating({ mutations: [jsonPatch('[JSONPatch{op: "add", path: "/data/b", value: "2"}]')] })
    expect((await configMap({ a: '1' })).data).toEqual({ a: '1', b: '2' })
  })
  test('that spoils the list of owners leaves it as it was, with a warning', async () => {
    await mutating({ mutations: [jsonPatch('[JSONPatch{op: "remove", path: "/metadata/managedFields/0/fieldsV1"}]')] })
    const body = { metadata: { name: 'spoilt' }, data: { a: 'b' } }
    const { code, json, headers } = await raw(cluster.api, '/api/v1/namespaces/default/configmaps', { body })
    const { managedFields } = (json as ConfigMap).metadata
    expect([code, managedFields]).toMatchObject([201, [{ fieldsV1: { 'f:data': { 'f:a': {} } } }]])
    expect(headers['warning']).toContain('.metadata.managedFields was in an invalid state after admission')
  })
  test('whose JSON patch tests for something else changes nothing', async () => {
    const test = 'JSONPatch{op: "test", path: "/data/a", value: "b"}'
    const add = 'JSONPatch{op: "add", path: "/data/c", value: "d"}'
    await mutating({ mutations: [jsonPatch(`[${test}, ${add}]`)] })
    expect((await configMap({ a: 'x' })).data).toEqual({ a: 'x' })
    expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b', c: 'd' })
  })
  test('is asked again when another one changed the object after it, if it says so', async () => {
    const counter = (key: string, value: string) => apply(`Object{data: {"${key}": ${value}}}`)
    await mutating({
      reinvocationPolicy: 'IfNeeded',
      mutations: [counter('seen', "has(object.data.later) ? 'yes' : 'no'")],
    })
    await mutating({ mutations: [counter('later', "'1'")] })
    expect((await configMap({ a: '1' })).data).toEqual({ a: '1', seen: 'yes', later: '1' })
  })
  test('is not asked where a condition does not hold', async () => {
    await mutating({
      matchConditions: [{ name: 'unlabelled', expression: '!has(object.metadata.labels)' }],
      mutations: [apply('Object{metadata: Object.metadata{labels: {"a": "b"}}}')],
    })
    expect((await configMap({})).metadata.labels).toEqual({ a: 'b' })
    const labelled = await admin.create(ConfigMap, { metadata: { namespace, name: 'labelled', labels: { c: 'd' } } })
    expect(labelled.metadata.labels).toEqual({ c: 'd' })
  })
  describe('with parameters', () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    const matchConditions = [{ name: 'not-params', expression: "!object.metadata.name.startsWith('param-')" }]
    const copies = (key: string) => apply(`Object{data: {params.data.key: params.data.${key}}}`)
    const spec = { paramKind, matchConditions, mutations: [copies('value')] }
    const param = (name: string, key: string, value: string) =>
      admin.create(ConfigMap, {
        metadata: { namespace, name: `param-${name}`, labels: { param: 'yes' } },
        data: { key, value },
      })
    afterEach(() => admin.deleteCollection(ConfigMap, { namespace, labelSelector: 'param' }))
    test('by name: sees the object of that name', async () => {
      await param('one', 'one', '1')
      await param('two', 'two', '2')
      await mutating(spec, { paramRef: { name: 'param-two', namespace, parameterNotFoundAction: 'Deny' } })
      expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b', two: '2' })
    })
    test('by selector: is asked once for each that is selected', async () => {
      await param('one', 'one', '1')
      await param('two', 'two', '2')
      const selector = { matchLabels: { param: 'yes' } }
      await mutating(spec, { paramRef: { selector, namespace, parameterNotFoundAction: 'Deny' } })
      expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b', one: '1', two: '2' })
    })
    test('without a namespace: sees those of the namespace that is written to', async () => {
      await param('one', 'one', '1')
      await mutating(spec, { paramRef: { name: 'param-one', parameterNotFoundAction: 'Allow' } })
      expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b', one: '1' })
      expect((await configMap({ a: 'b' }, 'prod')).data).toEqual({ a: 'b' })
    })
    test.each([
      ['name', { name: 'param-none' }],
      ['selector', { selector: { matchLabels: { param: 'none' } } }],
    ])('of which none is found by %s: refuses with Deny, does nothing with Allow', async (_, by) => {
      await mutating(spec, { paramRef: { ...by, namespace, parameterNotFoundAction: 'Deny' } })
      expect((await failure(configMap({ a: 'b' }))).message).toContain(
        'no params found for policy binding with `Deny` parameterNotFoundAction',
      )
      await admin.deleteCollection(MutatingAdmissionPolicyBinding, {})
      await admin.deleteCollection(MutatingAdmissionPolicy, {})
      await mutating(spec, { paramRef: { ...by, namespace, parameterNotFoundAction: 'Allow' } })
      expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b' })
    })
  })
  test('that fails is a refusal', async () => {
    await mutating({ mutations: [apply('Object{data: {"a": object.data.none}}')] })
    const error = await failure(configMap({ b: '1' }))
    expect(error.message).toMatch(
      /^policy 'mutation-\d+' with binding 'mutation-\d+-binding' denied request: .*no such key: none/,
    )
  })
  test('that names its types wrongly is a refusal', async () => {
    await mutating({ mutations: [apply('Object{metadata: Object.data{labels: {"a": "b"}}}')] })
    expect((await failure(configMap({ b: '1' }))).message).toContain(
      'type mismatch: unexpected type name "Object.data", expected "Object.metadata"',
    )
  })
  test.each<[string, Partial<MutatingAdmissionPolicySpec>, string]>([
    ['that makes no object', { mutations: [apply('1')] }, 'must evaluate to Object but got int'],
    ['that makes no patch', { mutations: [jsonPatch('[1]')] }, 'must evaluate to list(JSONPatch) but got list(int)'],
    ['of a patch of nothing', { mutations: [jsonPatch('[]')] }, 'must evaluate to list(JSONPatch) but got list(dyn)'],
    [
      'of a patch of anything',
      { mutations: [jsonPatch('[object]')] },
      'must evaluate to list(JSONPatch) but got list(dyn)',
    ],
    ['of a blank patch', { mutations: [jsonPatch(' ')] }, 'spec.mutations[0].jsonPatch.expression: Required value'],
    ['without mutations', {}, 'spec.mutations: Required value'],
    [
      'of both kinds',
      { mutations: [{ ...apply('Object{}'), jsonPatch: { expression: '[]' } }] },
      'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
    ],
    [
      'of another kind than it says',
      { mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] },
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    ],
    [
      'of an unknown kind',
      { mutations: [{ patchType: 'x' }] },
      'spec.mutations[0].patchType: Unsupported value: "x": supported values: "ApplyConfiguration", "JSONPatch"',
    ],
    [
      'of deletions',
      { mutations: [apply('Object{}')], matchConstraints: about(['configmaps'], ['DELETE']) },
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
    [
      'whose variables make objects',
      { mutations: [apply('Object{}')], variables: [{ name: 'a', expression: 'Object{}' }] },
      "spec.variables[0].expression: Invalid value: \"Object{}\": compilation failed: ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')",
    ],
  ])('%s is refused itself', async (_name, spec, message) => {
    expect((await failure(mutating(spec))).message).toContain(message)
  })
})
