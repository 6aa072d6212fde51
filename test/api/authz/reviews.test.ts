// Tokens and reviews, asked as kubectl asks them and as programs do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigMap, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'
import { failure, startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
const group = 'rbac.authorization.k8s.io'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  const { admin } = cluster
  await admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await admin.create(ServiceAccount, { metadata: { name: 'robot', namespace } })
  await admin.create(Role, {
    metadata: { name: 'reader', namespace },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
  })
  await admin.create(RoleBinding, {
    metadata: { name: 'readers', namespace },
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
    subjects: [
      { kind: 'ServiceAccount', name: 'robot', namespace },
      { kind: 'User', apiGroup: group, name: 'jane' },
    ],
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const post = (path: string, body: object, client = cluster.admin) => client.raw('POST', path, body) as Promise<AnyJson>
const AUTHZ = '/apis/authorization.k8s.io/v1'
const AUTHN = '/apis/authentication.k8s.io/v1'
const token = (spec: object, name = 'robot', client = cluster.admin) =>
  client.createSubresource(ServiceAccount, { namespace, name }, 'token', { spec }) as Promise<{
    spec: { audiences: string[]; expirationSeconds: number }
    status: { token: string; expirationTimestamp: string }
  }>
const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as AnyJson

describe('serviceaccounts/token', () => {
  test('is for the account of the URL, and for the one of that uid where one is named', async () => {
    const { metadata } = await cluster.admin.create(ServiceAccount, {
      metadata: { name: 'named', namespace: 'default' },
    })
    const ask = (given: object) =>
      cluster.admin.createSubresource(ServiceAccount, { namespace: 'default', name: 'named' }, 'token', {
        ...{ metadata: given, spec: {} },
      } as never)
    expect(await failure(ask({ name: 'other' }))).toMatchObject({
      code: 422,
      message:
        'TokenRequest.authentication.k8s.io "named" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    })
    expect(await failure(ask({ uid: 'other' }))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "named": the UID in the token request (other) does not match the UID of the service account (${metadata.uid})`,
    })
    expect((await ask({ uid: metadata.uid })) as unknown).toMatchObject({
      metadata: { name: 'named', uid: metadata.uid },
    })
  })
  test('issues for an hour and the API server when nothing else is asked', async () => {
    const { spec, status } = await token({})
    expect(spec).toEqual({ audiences: ['https://kubernetes.default.svc.cluster.local'], expirationSeconds: 3600 })
    expect(Math.abs(Date.parse(status.expirationTimestamp) - Date.now() - 3_600_000)).toBeLessThan(10_000)
    expect(claims(status.token).sub).toBe('system:serviceaccount:default:robot')
  })
  test('is known by a review of it', async () => {
    const { status } = await token({})
    const review = await post(`${AUTHN}/tokenreviews`, { spec: { token: status.token } })
    expect(review.status).toMatchObject({
      ...{ authenticated: true, audiences: ['https://kubernetes.default.svc.cluster.local'] },
      user: { username: `system:serviceaccount:${namespace}:robot` },
    })
    expect(review.status.error).toBeUndefined()
  })
  test('keeps the audiences asked for, which the API server then refuses', async () => {
    const { status } = await token({ audiences: ['vault'] })
    expect(claims(status.token).aud).toEqual(['vault'])
    const own = await post(`${AUTHN}/tokenreviews`, { spec: { token: status.token } })
    expect(own.status).toEqual({ user: {}, error: 'invalid bearer token' })
    const vault = await post(`${AUTHN}/tokenreviews`, { spec: { token: status.token, audiences: ['vault', 'x'] } })
    expect(vault.status).toMatchObject({ authenticated: true, audiences: ['vault'] })
  })
  test('refuses less than ten minutes and more than 2^32 seconds', async () => {
    expect((await failure(token({ expirationSeconds: 599 }))).message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    )
    expect((await failure(token({ expirationSeconds: 2 ** 32 + 1 }))).message).toContain('larger than 2^32 seconds')
  })
  test('names the pod and its node; only a pod of the account, with the uid asked for', async () => {
    const pod = await cluster.admin.create(Pod, {
      metadata: { name: 'bound', namespace },
      spec: { serviceAccountName: 'robot', containers: [{ name: 'main', image: 'x' }] },
    })
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'bound' }
    const { status } = await token({ boundObjectRef: { ...ref, uid: pod.metadata.uid } })
    expect(claims(status.token)['kubernetes.io']).toMatchObject({ pod: { name: 'bound', uid: pod.metadata.uid } })
    expect((await failure(token({ boundObjectRef: ref }, 'default'))).message).toBe(
      'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
    )
    const stale = await failure(token({ boundObjectRef: { ...ref, uid: 'other' } }))
    expect([stale.code, stale.message]).toEqual([409, expect.stringContaining('does not match the UID in record')])
    expect((await failure(token({ boundObjectRef: { ...ref, name: 'none' } }))).code).toBe(404)
    expect((await failure(token({ boundObjectRef: { apiVersion: 'v1', kind: 'Service', name: 'x' } }))).message).toBe(
      'cannot bind token to object of type /v1, Kind=Service',
    )
  })
  test('names the node of the pod whether there is such a node or not', async () => {
    await cluster.admin.create(Pod, {
      metadata: { name: 'placed', namespace },
      spec: { serviceAccountName: 'robot', nodeName: 'gone', containers: [{ name: 'main', image: 'x' }] },
    })
    const { status } = await token({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'placed' } })
    expect(claims(status.token)['kubernetes.io']).toMatchObject({ node: { name: 'gone' } })
    const { json } = await raw(cluster.api, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      as: 'none',
      headers: { authorization: `Bearer ${status.token}` },
      body: {},
    })
    expect(json.status.userInfo.extra).toMatchObject({ 'authentication.kubernetes.io/node-name': ['gone'] })
  })
  describe.each<[string, string, object]>([
    [
      'Pod',
      '/api/v1/namespaces/default/pods',
      { spec: { serviceAccountName: 'robot', containers: [{ name: 'main', image: 'x' }] } },
    ],
    ['Secret', '/api/v1/namespaces/default/secrets', {}],
    ['Node', '/api/v1/nodes', {}],
  ])('bound to a %s', (kind, path, content) => {
    const name = `owner-${kind.toLowerCase()}`
    const make = async () => {
      const { code, json } = await raw(cluster.api, path, { body: { metadata: { name }, ...content } })
      expect(code).toBe(201)
      return json.metadata.uid as string
    }
    const remove = () => raw(cluster.api, `${path}/${name}?gracePeriodSeconds=0`, { method: 'DELETE' })
    test('is dead with it, also when one of the same name is made again', async () => {
      const uid = await make()
      const { status } = await token({ boundObjectRef: { apiVersion: 'v1', kind, name, uid } })
      expect(claims(status.token)['kubernetes.io']).toMatchObject({ [kind.toLowerCase()]: { name, uid } })
      const review = async () => (await post(`${AUTHN}/tokenreviews`, { spec: { token: status.token } })).status
      const ask = async () => {
        const headers = { authorization: `Bearer ${status.token}` }
        return (await raw(cluster.api, '/version', { as: 'none', headers })).code
      }
      expect([await ask(), await review()]).toMatchObject([200, { authenticated: true }])
      expect((await remove()).code).toBe(200)
      expect([await ask(), await review()]).toEqual([401, { user: {}, error: 'invalid bearer token' }])
      await make()
      expect([await ask(), await review()]).toEqual([401, { user: {}, error: 'invalid bearer token' }])
      await remove()
    })
    test('is not given for another of the name', async () => {
      await make()
      const error = await failure(token({ boundObjectRef: { apiVersion: 'v1', kind, name, uid: 'other' } }))
      expect([error.code, error.message]).toEqual([409, expect.stringContaining('does not match the UID in record')])
      await remove()
    })
  })
  test('answers 404 for an account that is not there', async () => {
    expect((await failure(token({}, 'nobody'))).code).toBe(404)
  })
})

describe('access reviews', () => {
  test('ask for what a collection is narrowed to by fields', async () => {
    const slices = (fieldSelector?: object) =>
      post(`${AUTHZ}/subjectaccessreviews`, {
        spec: {
          user: 'system:node:n1',
          groups: ['system:nodes'],
          resourceAttributes: { verb: 'list', group: 'resource.k8s.io', resource: 'resourceslices', fieldSelector },
        },
      })
    const own = [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }]
    expect((await slices({ rawSelector: 'spec.nodeName=n1' })).status.allowed).toBe(true)
    expect((await slices({ requirements: own })).status.allowed).toBe(true)
    expect((await slices({ rawSelector: 'spec.nodeName=n2' })).status.allowed).toBe(false)
    expect((await slices({ requirements: [{ ...own[0], operator: 'NotIn' }] })).status.allowed).toBe(false)
    expect((await slices()).status.allowed).toBe(false)
  })
  test('leave out what cannot be understood of it, and say so', async () => {
    const ask = async (given: object) => {
      const resourceAttributes = { verb: 'list', resource: 'pods', namespace, ...given }
      const { status } = await post(`${AUTHZ}/subjectaccessreviews`, { spec: { user: 'jane', resourceAttributes } })
      return [status.allowed, status.evaluationError]
    }
    const path = 'spec.resourceAttributes'
    expect(await ask({ fieldSelector: { rawSelector: '&' } })).toEqual([
      true,
      `${path}.fieldSelector ignored due to parse error`,
    ])
    expect(await ask({ labelSelector: { rawSelector: 'a in' } })).toEqual([
      true,
      `${path}.labelSelector ignored due to parse error`,
    ])
    const fieldSelector = {
      requirements: [
        { key: 'a', operator: 'In', values: ['b'] },
        { key: 'a', operator: 'Near', values: ['b'] },
      ],
    }
    const labelSelector = {
      requirements: [
        { key: 'a', operator: 'Exists' },
        { key: 'a', operator: 'Gt', values: ['1'] },
      ],
    }
    expect(await ask({ fieldSelector, labelSelector })).toEqual([
      true,
      `${path}.fieldSelector partially ignored due to parse error; ${path}.labelSelector partially ignored due to parse error`,
    ])
  })
  test('refuse a selector that says nothing, or two things', async () => {
    const ask = (given: object) =>
      failure(
        post(`${AUTHZ}/selfsubjectaccessreviews`, {
          spec: { resourceAttributes: { verb: 'list', resource: 'pods', ...given } },
        }),
      )
    expect((await ask({ fieldSelector: {} })).message).toContain(
      'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    )
    const requirements = [{ key: '', operator: 'In', values: [] }]
    const both = await ask({ labelSelector: { rawSelector: 'a=b', requirements } })
    expect(both.message).toContain(
      'rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
    )
    expect(both.message).toContain('requirements[0].key: Required value: must be specified')
    expect(both.message).toContain(
      "requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    )
  })
  test('tell what is allowed and by which binding', async () => {
    const attributes = { namespace, verb: 'list', resource: 'pods' }
    const jane = cluster.as('jane')
    const { status } = await post(
      `${AUTHZ}/selfsubjectaccessreviews`,
      { spec: { resourceAttributes: attributes } },
      jane,
    )
    expect(status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/default" of Role "reader" to User "jane"',
    })
    const other = { spec: { resourceAttributes: { ...attributes, verb: 'delete' } } }
    expect((await post(`${AUTHZ}/selfsubjectaccessreviews`, other, jane)).status).toEqual({ allowed: false })
  })
  test('of a service account say what it may: as it is itself told, and as it turns out', async () => {
    const robot = `system:serviceaccount:${namespace}:robot`
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
    const may = async (verb: string) => {
      const resourceAttributes = { namespace, verb, resource: 'pods' }
      const spec = { user: robot, groups, resourceAttributes }
      const asked = await post(`${AUTHZ}/subjectaccessreviews`, { spec })
      const within = { metadata: { namespace }, spec }
      const local = await post(`${AUTHZ}/namespaces/${namespace}/localsubjectaccessreviews`, within)
      return [asked.status.allowed, local.status.allowed]
    }
    const client = cluster.as(robot, ...groups)
    await client.list(Pod, { namespace })
    expect(await may('list')).toEqual([true, true])
    await expect(client.deleteCollection(Pod, { namespace })).rejects.toMatchObject({ code: 403 })
    expect(await may('deletecollection')).toEqual([false, false])
  })
  test('ask about others only with the right to', async () => {
    const body = { spec: { user: 'jane', resourceAttributes: { namespace, verb: 'get', resource: 'pods' } } }
    expect((await post(`${AUTHZ}/subjectaccessreviews`, body)).status!.allowed).toBe(true)
    expect((await failure(post(`${AUTHZ}/subjectaccessreviews`, body, cluster.as('jane')))).code).toBe(403)
    const local = `${AUTHZ}/namespaces/default/localsubjectaccessreviews`
    expect((await post(local, body)).status!.allowed).toBe(true)
    const elsewhere = { spec: { ...body.spec, resourceAttributes: { namespace: 'x', verb: 'get', resource: 'pods' } } }
    const { code, message } = await failure(post(local, elsewhere))
    expect([code, message]).toEqual([
      422,
      'LocalSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "x": must match metadata.namespace',
    ])
  })
  test('need one question and somebody to ask about', async () => {
    expect((await failure(post(`${AUTHZ}/selfsubjectaccessreviews`, { spec: {} }))).message).toContain(
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
    const nobody = { spec: { nonResourceAttributes: { path: '/metrics', verb: 'get' } } }
    expect((await failure(post(`${AUTHZ}/subjectaccessreviews`, nobody))).message).toContain(
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    )
  })
  test('list the rules of a user', async () => {
    const { status } = await post(`${AUTHZ}/selfsubjectrulesreviews`, { spec: { namespace } }, cluster.as('jane'))
    expect(status!.incomplete).toBe(false)
    expect(status!.resourceRules).toContainEqual({ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] })
  })
})

describe('kubectl', () => {
  test('auth can-i, as the admin, as another user, and for a service account', async () => {
    expect((await cluster.kubectl(['auth', 'can-i', '*', '*'])).stdout.trim()).toBe('yes')
    const asJane = await cluster.kubectl(['auth', 'can-i', 'create', 'deployments', '--as=jane'])
    expect([asJane.code, asJane.stdout.trim()]).toEqual([1, 'no'])
    const robot = ['--as=system:serviceaccount:default:robot']
    expect((await cluster.kubectl(['auth', 'can-i', 'list', 'pods', ...robot])).stdout.trim()).toBe('yes')
    const { stdout } = await cluster.kubectl(['auth', 'can-i', '--list', ...robot])
    expect(stdout).toMatch(/^pods\s+\[\]\s+\[\]\s+\[get list\]$/m)
  })
  test('create token gives a token that works, and auth whoami says whose it is', async () => {
    const { stdout } = await cluster.kubectl(['create', 'token', 'robot', '--duration=10m'])
    const bearer = stdout.trim()
    const me = await cluster.kubectl(['auth', 'whoami', '-o', 'json'], bearer)
    expect(JSON.parse(me.stdout)).toMatchObject({
      metadata: { creationTimestamp: expect.stringMatching(/Z$/) as string },
      status: { userInfo: { username: 'system:serviceaccount:default:robot' } },
    })
    expect((await cluster.kubectl(['get', 'pods'], bearer)).code).toBe(0)
    const denied = await cluster.kubectl(['get', 'secrets'], bearer)
    expect(denied.stderr).toContain(
      'secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"',
    )
  })
})

test('a binding to a group that is made later works at once', async () => {
  const dev = cluster.as('max', 'devs')
  expect((await failure(dev.list(Pod, { namespace }))).code).toBe(403)
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name: 'devs-view' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'Group', apiGroup: group, name: 'devs' }],
  })
  expect((await dev.list(Pod, { namespace })).items.length).toBeGreaterThan(0)
})

describe('a review asked for as a Table', () => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const ask = (accept: string) =>
    raw(cluster.api, `${AUTHZ}/selfsubjectaccessreviews`, {
      method: 'POST',
      body: { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } },
      headers: { accept },
    })
  test('answers 406: it has no metadata to show', async () => {
    expect(await ask(table)).toMatchObject({ code: 406, json: { reason: 'NotAcceptable' } })
  })
  test('is answered whole to a client that takes that as well', async () => {
    expect(await ask(`${table},application/json`)).toMatchObject({
      code: 201,
      json: { kind: 'SelfSubjectAccessReview' },
    })
  })
})

test('what the server itself puts in place is owned by kube-apiserver', async () => {
  for (const path of ['/apis/rbac.authorization.k8s.io/v1/clusterroles/admin', '/api/v1/namespaces/kube-system']) {
    const { metadata } = (await cluster.admin.raw('GET', path)) as AnyJson
    expect(metadata.managedFields.map(({ manager }: { manager: string }) => manager)).toEqual(['kube-apiserver'])
  }
})

test('what is only asked or told is not found by a name, whatever the method', async () => {
  for (const path of ['/api/v1/namespaces/default/bindings', '/apis/authentication.k8s.io/v1/tokenreviews']) {
    expect((await raw(cluster.api, path)).code).toBe(405)
    for (const method of ['GET', 'DELETE']) expect((await raw(cluster.api, `${path}/a`, { method })).code).toBe(404)
  }
})

test('who may patch makes nothing by applying it', async () => {
  const { admin } = cluster
  const [resource, name] = ['configmaps', 'applier']
  await admin.create(Role, {
    metadata: { name, namespace },
    rules: [{ verbs: ['patch'], apiGroups: [''], resources: [resource] }],
  })
  await admin.create(RoleBinding, {
    metadata: { name, namespace },
    roleRef: { apiGroup: group, kind: 'Role', name },
    subjects: [{ apiGroup: group, kind: 'User', name }],
  })
  const configuration = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { a: 'b' } }
  const apply = (by: string, ...groups: string[]) =>
    cluster
      .as(by, ...groups)
      .patch(ConfigMap, { namespace, name: 'applied' }, configuration, { type: 'apply', fieldManager: 'me' })
  await expect(apply(name)).rejects.toMatchObject({
    code: 403,
    message: `configmaps "applied" is forbidden: User "${name}" cannot create resource "configmaps" in API group "" in the namespace "default"`,
  })
  await apply('root', 'system:masters')
  expect(await apply(name)).toMatchObject({ data: { a: 'b' } })
})
