// Admission webhooks: real HTTPS servers that change and refuse what is written.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  type MutatingWebhook,
  MutatingWebhookConfiguration,
  type ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { linkNode, ownAddress, serviceOnNode } from '../../support/node-link.ts'
import { jsonPatch, startWebhookServer, type WebhookAnswer, type WebhookServer } from '../../support/webhook-server.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let hooks: WebhookServer
let count = 0
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})
afterEach(async () => {
  await cluster.admin.deleteCollection(ValidatingWebhookConfiguration, {})
  await cluster.admin.deleteCollection(MutatingWebhookConfiguration, {})
  hooks.calls.length = 0
})

const rule = (resources: string[], operations = ['*'], apiGroups = [''], apiVersions = ['v1']) => ({
  operations,
  apiGroups,
  apiVersions,
  resources,
})
const hook = (path: string, more: Partial<ValidatingWebhook & MutatingWebhook> = {}) => ({
  ...hooks.webhook(path),
  rules: [rule(['configmaps'])],
  ...more,
})
const validating = (...webhooks: ValidatingWebhook[]) =>
  cluster.admin.create(ValidatingWebhookConfiguration, { metadata: { name: `v-${++count}` }, webhooks })
const mutating = (name: string, ...webhooks: MutatingWebhook[]) =>
  cluster.admin.create(MutatingWebhookConfiguration, { metadata: { name }, webhooks })
const configMap = (data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  cluster.admin.create(ConfigMap, { metadata: { namespace, name: `map-${++count}`, labels }, data })

describe('a validating webhook', () => {
  test('is shown who does what to which object, before and after', async () => {
    hooks.on('/see', () => ({ allowed: true }))
    await validating(hook('/see'))
    const { metadata } = await configMap({ a: '1' })
    await cluster.admin.patch(ConfigMap, metadata, { data: { a: '2' } })
    await cluster.admin.delete(ConfigMap, metadata)
    const [create, update, remove] = hooks.calls.map(call => call.request)
    const kind = { group: '', version: 'v1', kind: 'ConfigMap' }
    const resource = { group: '', version: 'v1', resource: 'configmaps' }
    expect(create).toMatchObject({
      ...{ kind, resource, requestKind: kind, requestResource: resource, namespace, name: metadata.name },
      operation: 'CREATE',
      userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
      object: { kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    })
    expect(update).toMatchObject({
      operation: 'UPDATE',
      object: { data: { a: '2' } },
      oldObject: { data: { a: '1' } },
    })
    expect(remove).toMatchObject({ operation: 'DELETE', object: null, oldObject: { data: { a: '2' } } })
    expect(hooks.calls[0]!.path).toBe('/see?timeout=10s')
  })

  test.each([
    [{ allowed: false, status: { message: 'not on Fridays' } }, 400, '', 'denied the request: not on Fridays'],
    [{ allowed: false, status: { reason: 'Forbidden', code: 403 } }, 403, 'Forbidden', 'denied the request: Forbidden'],
    [{ allowed: false }, 400, '', 'denied the request without explanation'],
    [{ allowed: false, status: { code: 200, message: 'x' } }, 400, '', 'denied the request: x'],
  ])('that refuses with %j is heard', async (answer, code, reason, text) => {
    hooks.on('/deny', () => answer)
    await validating(hook('/deny'))
    const error = await failure(configMap())
    expect([error.code, error.reason, error.message]).toEqual([
      code,
      reason,
      `admission webhook "deny.hooks.test" ${text}`,
    ])
  })

  test('is called at a path without doubled and trailing slashes', async () => {
    hooks.on('/a/b', () => ({ allowed: true }))
    await validating(hook('/slashes', { clientConfig: { url: hooks.url('//a//b/'), caBundle: hooks.caBundle } }))
    await configMap()
    expect(hooks.calls.map(({ path }) => path)).toEqual(['/a/b?timeout=10s'])
  })

  test('may be known by its own certificate instead of its authority', async () => {
    hooks.on('/own', () => ({ allowed: false, status: { message: 'seen' } }))
    await validating(hook('/own', { clientConfig: { url: hooks.url('/own'), caBundle: hooks.ownBundle } }))
    expect((await failure(configMap())).message).toContain('denied the request: seen')
  })

  test('may warn', async () => {
    hooks.on('/warn', () => ({ allowed: true, warnings: ['mind the gap'] }))
    await validating(hook('/warn'))
    const body = { metadata: { name: `map-${++count}` } }
    const { headers } = await raw(cluster.api, `/api/v1/namespaces/${namespace}/configmaps`, { body })
    expect(headers.warning).toBe('299 - "mind the gap"')
  })

  test('is told of a dry run', async () => {
    hooks.on('/dry', () => ({ allowed: true }))
    await validating(hook('/dry', { sideEffects: 'NoneOnDryRun' }))
    await cluster.admin.create(ConfigMap, { metadata: { namespace, name: 'dry' } }, { dryRun: true })
    expect(hooks.calls[0]!.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } })
  })

  test('is called only for what its rules and selectors are about', async () => {
    hooks.on('/only', () => ({ allowed: false }))
    const objectSelector = { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] }
    await cluster.admin.create(Namespace, { metadata: { name: 'free', labels: { free: 'yes' } }, spec: {} })
    const namespaceSelector = { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] }
    await validating(hook('/only', { rules: [rule(['configmaps'], ['CREATE'])], objectSelector, namespaceSelector }))
    const { metadata } = await configMap({}, { skip: 'me' })
    await cluster.admin.patch(ConfigMap, metadata, { metadata: { labels: { skip: null } } })
    await cluster.admin.create(ConfigMap, { metadata: { namespace: 'free', name: 'a' } })
    await failure(configMap())
    expect(hooks.calls).toHaveLength(1)
  })

  test('is called only where its match conditions hold; one that fails counts as its failure', async () => {
    hooks.on('/when', () => ({ allowed: false }))
    const when = (expression: string) => ({ matchConditions: [{ name: 'when', expression }] })
    await validating(hook('/when', when("request.userInfo.username == 'somebody' || has(object.data.secret)")))
    await configMap({ plain: '1' })
    expect((await failure(configMap({ secret: '1' }))).message).toContain('denied the request')
    expect((await failure(validating(hook('/when', when('object.x =='))))).message).toContain(
      'webhooks[0].matchConditions[0].expression: Invalid value',
    )
    await validating(hook('/when', { ...when("object.data.none == 'x'"), failurePolicy: 'Ignore' }))
    await configMap({ plain: '1' })
    await validating(hook('/when', { ...when("object.data.none == 'x'"), failurePolicy: 'Fail' }))
    const error = await failure(configMap({ plain: '1' }))
    expect([error.code, error.message.includes('no such key: none')]).toEqual([403, true])
  })

  test('sees the version of its rule where that is another than the request’s', async () => {
    hooks.on('/v1', () => ({ allowed: false }))
    const rules = [rule(['horizontalpodautoscalers'], ['*'], ['autoscaling'], ['v1'])]
    const scaler = () =>
      cluster.admin.create(HorizontalPodAutoscaler, {
        metadata: { namespace, name: `hpa-${++count}` },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' }, maxReplicas: 3 },
      })
    await validating(hook('/v1', { rules, matchPolicy: 'Exact' }))
    await scaler()
    await validating(hook('/v1', { rules, matchPolicy: 'Equivalent' }))
    await failure(scaler())
    expect(hooks.calls[0]!.request).toMatchObject({
      kind: { version: 'v1' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'autoscaling/v1' },
    })
  })
})

describe('subresources with a kind of their own', () => {
  const deployment = () => {
    const labels = { app: 'web' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } }
    return cluster.admin.create(Deployment, {
      metadata: { namespace, name: `deployment-${++count}` },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    })
  }
  const scaleTo = ({ name }: { name: string }, replicas: number) =>
    raw(cluster.api, `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`, {
      method: 'PATCH',
      body: { spec: { replicas } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })

  test('a Scale is shown as a Scale, before and after, and can be changed', async () => {
    const { metadata } = await deployment()
    hooks.on('/half', ({ object }) =>
      object.spec.replicas > 9 ? jsonPatch({ op: 'replace', path: '/spec/replicas', value: 9 }) : { allowed: true },
    )
    hooks.on('/odd', ({ object }) => ({ allowed: object.spec.replicas % 2 === 1 }))
    const rules = [rule(['deployments/scale'], ['UPDATE'], ['apps'])]
    await mutating('half', hook('/half', { rules }))
    await validating(hook('/odd', { rules }))
    const { json } = await scaleTo(metadata, 40)
    expect(json).toMatchObject({ kind: 'Scale', spec: { replicas: 9 } })
    expect((await cluster.admin.get(Deployment, metadata)).spec).toMatchObject({ replicas: 9 })
    expect((await scaleTo(metadata, 2)).json).toMatchObject({ code: 400 })
    const [, last] = hooks.calls.map(call => call.request)
    const kind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    const { name, uid } = metadata
    expect(last).toMatchObject({
      ...{ kind, requestKind: kind, name, subResource: 'scale', operation: 'UPDATE' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      object: { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, uid }, spec: { replicas: 9 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=web' } },
    })
    expect(last.object.spec.template).toBe(undefined)
  })

  test('a Binding is created with its pod, an Eviction and a TokenRequest as what they are', async () => {
    const { metadata } = await cluster.admin.create(Pod, {
      metadata: { namespace, name: `pod-${++count}` },
      spec: { containers: [{ name: 'main', image: 'x' }] },
    })
    hooks.on('/place', () => jsonPatch({ op: 'replace', path: '/target/name', value: 'elsewhere' }))
    await mutating('place', hook('/place', { rules: [rule(['pods/binding'])] }))
    hooks.on('/see', () => ({ allowed: true }))
    await validating(hook('/see', { rules: [rule(['pods/binding', 'pods/eviction', 'serviceaccounts/token'])] }))
    const bare = { metadata: { name: metadata.name, namespace } }
    await cluster.admin.createSubresource(Pod, metadata, 'binding', {
      ...{ ...bare, kind: 'Binding', apiVersion: 'v1' },
      target: { kind: 'Node', name: 'here' },
    })
    expect((await cluster.admin.get(Pod, metadata)).spec.nodeName).toBe('elsewhere')
    await cluster.admin.createSubresource(Pod, metadata, 'eviction', {
      ...{ ...bare, kind: 'Eviction', apiVersion: 'policy/v1' },
    })
    await cluster.admin.createSubresource(ServiceAccount, { namespace, name: 'default' }, 'token', {
      ...{ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: {} },
    })
    const seen = hooks.calls.filter(({ path }) => path.startsWith('/see')).map(call => call.request)
    expect(seen.map(({ operation, kind, object, oldObject }) => [operation, kind, object.kind, oldObject])).toEqual([
      ['CREATE', { group: '', version: 'v1', kind: 'Binding' }, 'Binding', null],
      ['CREATE', { group: 'policy', version: 'v1', kind: 'Eviction' }, 'Eviction', null],
      ['CREATE', { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, 'TokenRequest', null],
    ])
    expect(seen[0].object.target.name).toBe('elsewhere')
  })
})

describe('a mutating webhook', () => {
  const add = (path: string, value: string) => jsonPatch({ op: 'add', path, value })

  test('changes the object, in order of the configurations, each seeing what the one before did', async () => {
    hooks.on('/first', () => jsonPatch({ op: 'add', path: '/data', value: { first: 'yes' } }))
    hooks.on('/second', request => add('/data/second', `${request.object.data.first} too`))
    await mutating('b', hook('/second'))
    await mutating('a', hook('/first'))
    expect((await configMap()).data).toEqual({ first: 'yes', second: 'yes too' })
  })

  test('gets defaults set for what it adds, and cannot add what the kind does not have', async () => {
    const sidecar = { name: 'side', image: 'x' }
    hooks.on('/inject', () =>
      jsonPatch(
        { op: 'add', path: '/spec/containers/-', value: sidecar },
        { op: 'add', path: '/spec/nonsense', value: 1 },
      ),
    )
    await mutating('a', hook('/inject', { rules: [rule(['pods'], ['CREATE'])] }))
    const { spec } = await cluster.admin.create(Pod, {
      metadata: { namespace, name: `pod-${++count}` },
      spec: { containers: [{ name: 'main', image: 'x' }] },
    })
    expect(spec.containers[1]).toMatchObject({ ...sidecar, imagePullPolicy: 'Always' })
    // The built-in plugins have seen it as well.
    expect(spec.containers[1]!.volumeMounts).toHaveLength(1)
    expect('nonsense' in spec).toBe(false)
  })

  test('is called again for what others changed after it, if it asks for that', async () => {
    const seen = (call: string) => hooks.calls.filter(({ path }) => path.startsWith(call)).length
    hooks.on('/eager', () => ({ allowed: true }))
    hooks.on('/once', () => ({ allowed: true }))
    hooks.on('/late', request => (request.object.data?.late ? { allowed: true } : add('/data/late', 'x')))
    await mutating('a', hook('/eager', { reinvocationPolicy: 'IfNeeded' }), hook('/once'))
    await mutating('b', hook('/late', { reinvocationPolicy: 'IfNeeded' }))
    await configMap({ a: 'b' })
    expect([seen('/eager'), seen('/once'), seen('/late')]).toEqual([2, 1, 1])
  })

  test('that patches what does not apply, or what is being deleted, fails the request', async () => {
    hooks.on('/bad', () => add('/data/deep/er', 'x'))
    await mutating('a', hook('/bad'))
    expect((await failure(configMap())).code).toBe(500)
    await cluster.admin.delete(MutatingWebhookConfiguration, { name: 'a' })
    const { metadata } = await configMap()
    await mutating('a', hook('/bad'))
    expect((await failure(cluster.admin.delete(ConfigMap, metadata))).message).toContain(
      'admission webhook "bad.hooks.test" attempted to modify the object, which is not supported for this operation',
    )
  })

  test('cannot break a rule of the kind', async () => {
    hooks.on('/break', () => add('/metadata/labels', 'no map'))
    await mutating('a', hook('/break'))
    expect((await failure(configMap())).code).toBe(500)
  })
})

describe('a webhook that fails', () => {
  const review = (fields: object) => JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', ...fields }) // prettier-ignore
  test.each<[string, object | number | string, RegExp]>([
    [
      'with an error',
      500,
      /failed to call webhook: an error on the server \("no"\) has prevented the request from succeeding$/,
    ],
    ['by not being there', 404, /failed to call webhook: the server could not find the requested resource$/],
    ['with no JSON', '<html>', /failed to call webhook: /],
    ['with no response', review({}), /received invalid webhook response: webhook response was absent$/],
    [
      'for another request',
      { uid: 'x', allowed: true },
      /received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "x"$/,
    ],
    [
      'for a long number',
      { uid: 9007199254740993n, allowed: true },
      /expected response.uid="[0-9a-f-]{36}", got 9007199254740993$/,
    ],
    [
      'in another language',
      JSON.stringify({ kind: 'Review', response: {} }),
      /expected webhook response of admission.k8s.io\/v1, Kind=AdmissionReview, got \/, Kind=Review$/,
    ],
    ['with a patch', jsonPatch(), /validating webhook may not return response.patch$/],
  ])('%s stops the request, unless its failure may be ignored', async (_how, answer, text) => {
    hooks.on('/fail', () => answer)
    const failing = hook('/fail')
    await validating(failing)
    const error = await failure(configMap())
    expect(error.code).toBe(500)
    expect(error.message).toMatch(/^Internal error occurred: failed calling webhook "fail.hooks.test": /)
    expect(error.message).toMatch(text)
    await cluster.admin.deleteCollection(ValidatingWebhookConfiguration, {})
    await validating({ ...failing, failurePolicy: 'Ignore' })
    await configMap()
  })

  test.each<[string, WebhookAnswer]>([
    ['answers an error', 503],
    ['answers no review', 'nothing'],
  ])('and would change the object (it %s) stops the request as well, unless it says Ignore', async (_, answer) => {
    hooks.on('/fail', () => answer)
    hooks.on('/next', () => jsonPatch({ op: 'add', path: '/data/next', value: 'asked' }))
    await mutating('a', hook('/fail', { failurePolicy: 'Fail' }), hook('/next'))
    const error = await failure(configMap({ a: 'b' }))
    expect([error.code, error.message]).toEqual([500, expect.stringMatching(/^Internal error occurred: /)])
    await cluster.admin.delete(MutatingWebhookConfiguration, { name: 'a' })
    await mutating('a', hook('/fail', { failurePolicy: 'Ignore' }), hook('/next'))
    expect((await configMap({ a: 'b' })).data).toEqual({ a: 'b', next: 'asked' })
  })

  test('with a patch that does not apply has answered: that is no failure to be ignored', async () => {
    hooks.on('/bad', () => jsonPatch({ op: 'add', path: '/data/deep/er', value: 'x' }))
    await mutating('a', hook('/bad', { failurePolicy: 'Ignore' }))
    expect((await failure(configMap({ a: 'b' }))).code).toBe(500)
  })

  test('is counted by how it ended, as is one that refuses, and one that allows', async () => {
    hooks.on('/counted', ({ object }) => {
      const { wish } = (object as ConfigMap).data ?? {}
      return wish === 'fail' ? 'nothing' : { allowed: wish !== 'refuse', status: { code: 418 } }
    })
    await validating(hook('/counted'))
    for (const wish of ['refuse', 'fail']) await failure(configMap({ wish }))
    await configMap()
    await cluster.admin.deleteCollection(ValidatingWebhookConfiguration, {})
    await validating(hook('/counted', { failurePolicy: 'Ignore' }))
    await configMap({ wish: 'fail' })
    const { text } = await raw(cluster.api, '/metrics')
    const of = 'name="counted.hooks.test",type="validating"'
    const counts = text
      .split('\n')
      .filter(line => line.includes(of) && !line.includes('_bucket') && !line.includes('_sum'))
    expect(counts.sort()).toEqual([
      `apiserver_admission_webhook_admission_duration_seconds_count{${of},operation="CREATE",rejected="false"} 2`,
      `apiserver_admission_webhook_admission_duration_seconds_count{${of},operation="CREATE",rejected="true"} 2`,
      `apiserver_admission_webhook_fail_open_count{${of}} 1`,
      `apiserver_admission_webhook_rejection_count{${of},operation="CREATE",error_type="calling_webhook_error",rejection_code="500"} 1`,
      `apiserver_admission_webhook_rejection_count{${of},operation="CREATE",error_type="no_error",rejection_code="418"} 1`,
      `apiserver_admission_webhook_request_total{${of},operation="CREATE",code="200",rejected="false"} 1`,
      `apiserver_admission_webhook_request_total{${of},operation="CREATE",code="418",rejected="true"} 1`,
      `apiserver_admission_webhook_request_total{${of},operation="CREATE",code="500",rejected="false"} 1`,
      `apiserver_admission_webhook_request_total{${of},operation="CREATE",code="500",rejected="true"} 1`,
    ])
  })

  test('is not waited for longer than it may take', async () => {
    hooks.on('/slow', () => new Promise(resolve => setTimeout(() => resolve({ allowed: true }), 3000)))
    await validating(hook('/slow', { timeoutSeconds: 1 }))
    expect((await failure(configMap())).message).toContain('/slow?timeout=1s": context deadline exceeded')
  })

  test('and what its request has left of its time is all that it and those after it have, whatever their failures mean', async () => {
    hooks.on('/quick', () => ({ allowed: true }))
    let answerAtLast: (answer: { allowed: boolean }) => void = () => undefined
    const held = new Promise<{ allowed: boolean }>(resolve => (answerAtLast = resolve))
    hooks.on('/slow', () => held)
    hooks.on('/later', () => ({ allowed: true }))
    const failurePolicy = 'Ignore'
    await mutating('a', hook('/quick', { failurePolicy, timeoutSeconds: 30 }))
    await mutating('b', hook('/slow', { failurePolicy, timeoutSeconds: 30 }))
    await mutating('c', hook('/later', { failurePolicy }))
    const path = '/api/v1/namespaces/default/configmaps'
    const answer = await raw(cluster.api, `${path}?timeout=2s`, { body: { metadata: { name: 'late' } } })
    expect([answer.code, answer.json.message]).toEqual([504, expect.stringContaining('did not complete within')])
    const called = () => hooks.calls.map(call => call.path)
    expect(called()).toEqual(['/quick?timeout=2s', expect.stringMatching(/^\/slow\?timeout=[12]s$/)])
    // Its answer comes too late; another request goes the whole way meanwhile.
    answerAtLast({ allowed: true })
    expect((await raw(cluster.api, path, { body: { metadata: { name: 'after' } } })).code).toBe(201)
    expect(called().filter(each => each.startsWith('/later'))).toHaveLength(1)
    expect((await raw(cluster.api, `${path}/late`)).code).toBe(404)
  })

  test('or that nobody vouches for, or that is not there, is told apart', async () => {
    hooks.on('/tls', () => ({ allowed: true }))
    const { caBundle: _own, ...nobody } = hook('/tls').clientConfig
    await validating(hook('/tls', { clientConfig: nobody }))
    expect((await failure(configMap())).message).toMatch(/failed to call webhook: Post "https:.*certificate/)
    await cluster.admin.deleteCollection(ValidatingWebhookConfiguration, {})
    const service = { namespace, name: 'nowhere', path: '/hook' }
    await validating(hook('/service', { clientConfig: { service, caBundle: hooks.caBundle } }))
    expect((await failure(configMap())).message).toBe(
      'Internal error occurred: failed calling webhook "service.hooks.test": failed to call webhook: Post "https://nowhere.default.svc:443/hook?timeout=10s": service "nowhere" not found',
    )
  })
})

test('webhook configurations themselves are never shown to webhooks', async () => {
  hooks.on('/all', () => ({ allowed: false }))
  const { metadata } = await validating(hook('/all', { rules: [rule(['*'], ['*'], ['*'], ['*'])] }))
  await failure(configMap())
  await cluster.admin.patch(ValidatingWebhookConfiguration, metadata, { metadata: { labels: { a: 'b' } } })
  await cluster.admin.delete(ValidatingWebhookConfiguration, metadata)
  await configMap()
})

test('a webhook behind a Service is reached through the node of its pod, and sees connections as well', async () => {
  await using server = await startWebhookServer(['guard.default.svc'], ownAddress(), 'HTTP/2')
  await using older = await startWebhookServer(['older.default.svc'], ownAddress())
  older.on('/guard', () => ({ allowed: true }))
  server.on('/guard', ({ operation }) => ({ allowed: operation !== 'CONNECT', status: { message: 'no peeping' } }))
  await using _link = await linkNode(cluster)
  await serviceOnNode(cluster, 'guard', server.port)
  await serviceOnNode(cluster, 'older', older.port)
  const clientConfig = { service: { namespace, name: 'guard', path: '/guard' }, caBundle: server.caBundle }
  await validating(hook('/guard', { clientConfig, rules: [rule(['configmaps', 'pods/*'])] }))
  const toOlder = { service: { namespace, name: 'older', path: '/guard' }, caBundle: older.caBundle }
  await validating(hook('/older', { clientConfig: toOlder }))
  await configMap()
  await configMap()
  expect([server, older].map(({ calls }) => calls.map(call => call.httpVersion))).toEqual([
    ['2.0', '2.0'],
    ['1.1', '1.1'],
  ])
  const { code, json } = await raw(cluster.api, `/api/v1/namespaces/${namespace}/pods/guard/proxy/`)
  expect([code, json.message]).toEqual([400, 'admission webhook "guard.hooks.test" denied the request: no peeping'])
  expect(server.calls.at(-1)!.request).toMatchObject({ operation: 'CONNECT', object: { kind: 'PodProxyOptions' } })
  const { caPem: ca, admin } = cluster.api.pki
  const open = (part: string) =>
    new Promise(resolve => {
      const url = `${cluster.api.url.replace('https', 'wss')}/api/v1/namespaces/${namespace}/pods/guard/${part}`
      new WebSocket(url, 'v4.channel.k8s.io', { ca, cert: admin.certPem, key: admin.keyPem }).once('error', resolve)
    })
  await open('exec?command=ls&command=-l&stdout=1&stderr=false')
  expect(server.calls.at(-1)!.request['object']).toEqual({
    ...{ kind: 'PodExecOptions', apiVersion: 'v1', command: ['ls', '-l'] },
    ...{ stdin: false, stdout: true, stderr: false, tty: false },
  })
  await open('portforward?ports=80,8080')
  expect(server.calls.at(-1)!.request['object']).toMatchObject({ kind: 'PodPortForwardOptions', ports: [80, 8080] })
})
