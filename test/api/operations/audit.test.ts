// The audit log: what the policy says is written down, line by line, and put aside when the file is full.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AuditMode } from '../../../src/main/apiserver/audit/audit.ts'
import { AuditLog, type AuditSink } from '../../../src/main/apiserver/audit/audit-log.ts'
import { type AuditPolicy, decide, parseAuditPolicy } from '../../../src/main/apiserver/audit/policy.ts'
import { serviceAccountToken } from '../../../src/main/apiserver/endpoints/serviceaccounts/token.ts'
import { parseRequestInfo } from '../../../src/main/apiserver/http/request-info.ts'
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { openPki } from '../../../src/main/pki/pki.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { startSecuredCluster } from '../authz/support/cluster.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type AnyJson, CONFIG_MAPS, configMap, raw } from '../core/support/raw.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-audit-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const policy = (...rules: object[]): AuditPolicy =>
  parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules })
const logOptions = (more: object = {}) => ({
  path: join(folder, 'audit.log'),
  maxBytes: 1e6,
  maxBackups: 0,
  maxAgeMs: 0,
  ...more,
})

async function audited(
  rules: AuditPolicy,
  work: (server: Awaited<ReturnType<typeof startTestApiServer>>) => Promise<void>,
  more: Parameters<typeof startTestApiServer>[0] = {},
) {
  const sink = new AuditLog(logOptions(), systemClock, silentLog)
  {
    await using server = await startTestApiServer({ ...more, audit: { policy: rules, sink } })
    await work(server)
  }
  await sink[Symbol.asyncDispose]()
  const text = await readFile(join(folder, 'audit.log'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).map(line => JSON.parse(line) as AnyJson) // prettier-ignore
}

const only = (stage: string) =>
  ['RequestReceived', 'ResponseStarted', 'ResponseComplete'].filter(each => each !== stage)

describe('an event', () => {
  test('tells who asked for what, and what came of it', async () => {
    const level = 'RequestResponse'
    const events = await audited(
      policy({ level, resources: [{ group: '', resources: ['configmaps'] }] }),
      async server => {
        const headers = { 'audit-id': 'mine', 'user-agent': 'test/1' }
        await raw(server, `${CONFIG_MAPS}?fieldManager=me`, { body: configMap('a'), headers })
        await raw(server, '/api/v1/nodes')
      },
    )
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete'])
    expect(events[1]).toMatchObject({
      ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level, auditID: 'mine', verb: 'create' },
      requestURI: `${CONFIG_MAPS}?fieldManager=me`,
      user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: [expect.stringMatching(/127\.0\.0\.1$/)],
      userAgent: 'test/1',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      requestObject: { data: { key: 'value' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'a' } },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    })
    expect(events[1].requestReceivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  })

  test('has no bodies at the level Metadata, and says why a request failed', async () => {
    const [event] = await audited(policy({ level: 'Metadata', omitStages: only('ResponseComplete') }), async server => {
      await raw(server, `${CONFIG_MAPS}/missing`)
    })
    expect(event.responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'configmaps "missing" not found',
      reason: 'NotFound',
      code: 404,
    })
    expect([event.requestObject, event.responseObject]).toEqual([undefined, undefined])
  })

  test('of a request for a token says which one was given, as the token’s own user says it later', async () => {
    const path = '/api/v1/namespaces/default/serviceaccounts'
    let token = ''
    const ended = policy({ level: 'Metadata', omitStages: only('ResponseComplete') })
    const ask = async (server: TestApiServer) => {
      await raw(server, path, { body: { metadata: { name: 'robot' } } })
      token = (await raw(server, `${path}/robot/token`, { body: { spec: {} } })).json.status.token
      await raw(server, '/api', { as: 'none', headers: { authorization: `Bearer ${token}` } })
    }
    const events = await audited(ended, ask, { subresources: [serviceAccountToken] })
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as AnyJson
    const key = 'authentication.kubernetes.io'
    expect(events[1].annotations).toMatchObject({ [`${key}/issued-credential-id`]: `JTI=${jti}` })
    expect(events[2].user.extra).toMatchObject({ [`${key}/credential-id`]: [`JTI=${jti}`] })
  })

  test('of a token of a pod that should have been read again says so', async () => {
    const clock = new ManualClock(Date.now())
    const ask = async (server: TestApiServer) => {
      const { json } = await raw(server, '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'old' } } }) // prettier-ignore
      const serviceAccount = { name: 'old', uid: json.metadata.uid as string }
      const times = { expirationSeconds: 7200, warnAfterSeconds: 60 }
      const order = { namespace: 'default', serviceAccount, audiences: [], ...times }
      const { token } = await server.server.tokens.issue(order)
      for (const ms of [0, 90_000]) {
        await clock.advance(ms)
        await raw(server, '/api', { as: 'none', headers: { authorization: `Bearer ${token}` } })
      }
    }
    const events = await audited(policy({ level: 'Metadata', omitStages: only('ResponseComplete') }), ask, { clock })
    const key = 'authentication.k8s.io/stale-token'
    expect(events[1].annotations[key]).toBeUndefined()
    expect(events[2].annotations[key]).toMatch(
      /^subject: system:serviceaccount:default:old, seconds after warning threshold: (29|30)$/,
    )
  })

  test('of somebody who acts as another names both; of a refused request, that it was forbidden', async () => {
    const events = await audited(policy({ level: 'Metadata', omitStages: only('ResponseComplete') }), async server => {
      await raw(server, CONFIG_MAPS, { headers: { 'impersonate-user': 'bob' } })
    })
    expect(events[0]).toMatchObject({
      user: { username: 'kubernetes-admin' },
      impersonatedUser: { username: 'bob' },
      authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
      responseStatus: { code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
  })

  test('has what policies note, and what they find where a binding says Audit', async () => {
    const sink = new AuditLog(logOptions(), systemClock, silentLog)
    const create = (cluster: Awaited<ReturnType<typeof startSecuredCluster>>, name: string) =>
      cluster.admin.create(ConfigMap, { metadata: { namespace: 'default', name }, data: { size: '12' } })
    {
      await using cluster = await startSecuredCluster({
        audit: { policy: policy({ level: 'Metadata', omitStages: only('ResponseComplete') }), sink },
      })
      const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] // prettier-ignore
      await cluster.admin.create(ValidatingAdmissionPolicy, {
        metadata: { name: 'sizes' },
        spec: {
          matchConstraints: { resourceRules },
          validations: [{ expression: 'true' }, { expression: "object.data.size == '1'", message: 'too big' }],
          auditAnnotations: [
            { key: 'size', valueExpression: "'it is ' + object.data.size" },
            { key: 'nothing', valueExpression: 'null' },
          ],
        },
      })
      for (const [name, validationActions] of Object.entries({ all: ['Audit'], again: ['Audit', 'Warn'] }))
        await cluster.admin.create(ValidatingAdmissionPolicyBinding, {
          metadata: { name },
          spec: { policyName: 'sizes', validationActions },
        })
      await create(cluster, 'noted')
    }
    await sink[Symbol.asyncDispose]()
    const lines = (await readFile(join(folder, 'audit.log'), 'utf8')).split('\n').filter(Boolean)
    const { annotations } = lines
      .map(line => JSON.parse(line) as AnyJson)
      .find(event => event.objectRef?.name === 'noted')
    expect(annotations['sizes/size']).toBe('it is 12')
    expect(annotations['sizes/nothing']).toBeUndefined()
    const failure = { message: 'too big', policy: 'sizes', expressionIndex: 1 }
    expect(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'])).toEqual([
      { ...failure, binding: 'again', validationActions: ['Audit', 'Warn'] },
      { ...failure, binding: 'all', validationActions: ['Audit'] },
    ])
  })

  test('of somebody who may not act as another names who tried, and what happened', async () => {
    const sink = new AuditLog(logOptions(), systemClock, silentLog)
    {
      await using cluster = await startSecuredCluster({
        audit: { policy: policy({ level: 'Metadata', omitStages: ['ResponseStarted'] }), sink },
      })
      const { certPem, keyPem } = await cluster.api.pki.issueClientCertificate({ commonName: 'eve', organizations: [] })
      const headers = { 'impersonate-user': 'kubernetes-admin', 'impersonate-group': 'system:masters' }
      const { code } = await raw(cluster.api, CONFIG_MAPS, { as: { certPem, keyPem }, headers })
      expect(code).toBe(403)
    }
    await sink[Symbol.asyncDispose]()
    const lines = (await readFile(join(folder, 'audit.log'), 'utf8')).split('\n').filter(Boolean)
    const ofEve = lines.map(line => JSON.parse(line) as AnyJson).filter(({ user }) => user.username === 'eve')
    expect(ofEve.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete'])
    const event = ofEve[1]
    expect(event).toMatchObject({
      requestURI: CONFIG_MAPS,
      responseStatus: { code: 403, reason: 'Forbidden' },
      annotations: {
        'authorization.k8s.io/decision': 'forbid',
        'authorization.k8s.io/reason': expect.stringContaining(
          'cannot impersonate-on:user-info:list resource "configmaps"',
        ) as string,
      },
    })
    expect(event.impersonatedUser).toBeUndefined()
  })

  test('of a log-in that is refused names nobody, tells how it was tried, and is the only one of it', async () => {
    const events = await audited(policy({ level: 'RequestResponse' }), async server => {
      const tried = (authorization: string, query = '') =>
        raw(server, `${CONFIG_MAPS}${query}`, { as: 'none', headers: { authorization } })
      await tried('Bearer wrong')
      await tried('Basic d3Jvbmc=')
      await tried('Bearer wrong', '?access_token=other')
      const ca = await openPki({ dataDir: join(folder, 'elsewhere'), names: [] })
      await raw(server, CONFIG_MAPS, { as: ca.admin, headers: { authorization: 'Bearer wrong' } })
    })
    expect(events.map(({ stage, responseStatus }) => [stage, responseStatus.message])).toEqual([
      ['ResponseStarted', 'Authentication failed, attempted: bearer'],
      ['ResponseStarted', 'Authentication failed, attempted: basic'],
      ['ResponseStarted', 'Authentication failed, attempted: bearer, access_token'],
      ['ResponseStarted', 'Authentication failed, attempted: bearer, x509'],
    ])
    const [event] = events
    expect(event).toMatchObject({ user: {}, requestURI: CONFIG_MAPS, responseStatus: { metadata: {}, code: 401 } })
    expect([event.user, event.annotations]).toEqual([{}, undefined])
    expect(JSON.stringify(events.slice(0, 2))).not.toMatch(/wrong|d3Jvbmc/)
  })

  test('leaves managed fields out where that is said', async () => {
    const rule = { level: 'RequestResponse', omitManagedFields: true, omitStages: only('ResponseComplete') }
    const [event] = await audited(policy(rule), server =>
      raw(server, CONFIG_MAPS, { body: configMap('a') }).then(() => undefined),
    )
    expect(event.responseObject.metadata.name).toBe('a')
    expect(event.responseObject.metadata.managedFields).toBeUndefined()
  })

  test('of a watch begins when it starts, and is complete when it ends', async () => {
    const events = await audited(policy({ level: 'Metadata', verbs: ['watch'] }), async server => {
      const stop = new AbortController()
      const watch = server.server
        .transport(testAdmin)
        .watch({ method: 'GET', path: CONFIG_MAPS, signal: stop.signal })
        [Symbol.asyncIterator]()
      const next = watch.next()
      await eventually(async () =>
        expect(await readFile(join(folder, 'audit.log'), 'utf8')).toContain('ResponseStarted'),
      )
      await server.clientAs().create(ConfigMap, { metadata: { namespace: 'default', name: 'seen' } })
      await next
      await watch.return?.()
    })
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete'])
  })

  test('of a watch whose client breaks its HTTP/2 connection off is complete, and says where it was from', async () => {
    const log = () => readFile(join(folder, 'audit.log'), 'utf8')
    const rules = policy({ level: 'Metadata', verbs: ['watch'], omitStages: ['RequestReceived'] })
    const events = await audited(rules, async ({ url, pki }) => {
      const { certPem: cert, keyPem: key } = pki.admin
      const session = connect(url, { ca: pki.caPem, cert, key, servername: 'localhost' })
      session.on('error', () => undefined)
      session
        .request({ ':path': `${CONFIG_MAPS}?watch=true` })
        .on('error', () => undefined)
        .resume()
      await eventually(async () => expect(await log()).toContain('ResponseStarted'))
      session.destroy()
      await eventually(async () => expect(await log()).toContain('ResponseComplete'))
    })
    expect(events.map(({ stage }) => stage)).toEqual(['ResponseStarted', 'ResponseComplete'])
    for (const { sourceIPs } of events) expect(sourceIPs).toEqual([expect.stringMatching(/127\.0\.0\.1$/)])
  })
})

test('what admission finds stands in the events: violations of pod security, and what webhooks say', async () => {
  const sink = new AuditLog(logOptions(), systemClock, silentLog)
  {
    const rules = policy({ level: 'Metadata', verbs: ['create'], resources: [{ group: '', resources: ['pods'] }] })
    await using cluster = await startSecuredCluster({ audit: { policy: rules, sink } })
    await using hooks = await startWebhookServer()
    hooks.on('/note', () => ({ allowed: true, auditAnnotations: { why: 'because' } }))
    await cluster.admin.create(Namespace, {
      metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/audit': 'restricted' } },
      spec: {},
    })
    await cluster.admin.create(ServiceAccount, { metadata: { namespace: 'strict', name: 'default' } })
    await cluster.admin.create(ValidatingWebhookConfiguration, {
      metadata: { name: 'note' },
      webhooks: [
        {
          name: 'note.hooks.test',
          clientConfig: { url: hooks.url('/note'), caBundle: hooks.caBundle },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    })
    await cluster.admin.create(Pod, {
      metadata: { namespace: 'strict', name: 'p' },
      spec: { containers: [{ name: 'main', image: 'x' }] },
    })
  }
  await sink[Symbol.asyncDispose]()
  const lines = (await readFile(join(folder, 'audit.log'), 'utf8')).trim().split('\n')
  const { annotations } = JSON.parse(lines.at(-1)!) as AnyJson
  expect(annotations).toMatchObject({
    'note.hooks.test/why': 'because',
    'pod-security.kubernetes.io/enforce-policy': 'privileged:latest',
  })
  expect(annotations['pod-security.kubernetes.io/audit-violations']).toMatch(
    /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/,
  )
})

describe('a policy', () => {
  const at = (method: string, path: string, user = 'ana', groups: string[] = []) => ({
    ...parseRequestInfo(method, path, new URLSearchParams()),
    user: { name: user, groups },
  })
  const secrets = { group: '', resources: ['secrets'] }
  test.each<[string, object, ReturnType<typeof at>, boolean]>([
    ['its users', { users: ['ana'] }, at('GET', '/api/v1/pods'), true],
    ['its users, and nobody else', { users: ['bob'] }, at('GET', '/api/v1/pods'), false],
    ['its groups', { userGroups: ['devs'] }, at('GET', '/api/v1/pods', 'ana', ['devs']), true],
    ['its verbs', { verbs: ['create'] }, at('GET', '/api/v1/pods'), false],
    ['its resources', { resources: [secrets] }, at('GET', '/api/v1/namespaces/x/secrets/a'), true],
    [
      'its resources, and not their subresources',
      { resources: [{ group: '', resources: ['pods'] }] },
      at('GET', '/api/v1/namespaces/x/pods/a/log'),
      false,
    ],
    [
      'subresources of all',
      { resources: [{ group: '', resources: ['*/log'] }] },
      at('GET', '/api/v1/namespaces/x/pods/a/log'),
      true,
    ],
    ['a whole group', { resources: [{ group: 'apps' }] }, at('GET', '/apis/apps/v1/deployments'), true],
    [
      'names',
      { resources: [{ ...secrets, resourceNames: ['b'] }] },
      at('GET', '/api/v1/namespaces/x/secrets/a'),
      false,
    ],
    ['its namespaces', { namespaces: ['y'] }, at('GET', '/api/v1/namespaces/x/secrets/a'), false],
    ['what lies in no namespace', { namespaces: [''] }, at('GET', '/api/v1/nodes'), true],
    ['paths', { nonResourceURLs: ['/healthz*'] }, at('GET', '/healthz/ping'), true],
    ['paths, and not resources', { nonResourceURLs: ['*'] }, at('GET', '/api/v1/nodes'), false],
  ])('has rules for %s', (_what, rule, request, matches) => {
    expect(decide(policy({ level: 'Metadata', ...rule }), request).level).toBe(matches ? 'Metadata' : 'None')
  })
  test('never writes down what people answer to hosts, nor the next passphrase of the store, whatever it says', () => {
    const everything = policy({ level: 'RequestResponse' })
    const answers = '/apis/flotilla.dev/v1/hostoperations/join/answers'
    expect(decide(everything, at('POST', answers)).level).toBe('Metadata')
    expect(decide(everything, at('POST', '/apis/flotilla.dev/v1/storeoperations')).level).toBe('Metadata')
    expect(decide(everything, at('GET', '/apis/flotilla.dev/v1/hostoperations/join')).level).toBe('RequestResponse')
  })
  test('goes by its first rule that matches', () => {
    const rules = policy({ level: 'None', users: ['ana'] }, { level: 'Request' })
    expect(decide(rules, at('GET', '/version')).level).toBe('None')
    expect(decide(rules, at('GET', '/version', 'bob')).level).toBe('Request')
  })
  test.each([
    [{ rules: [] }, 'rules must have at least one rule'],
    [{ rules: [{ level: 'All' }] }, 'rules[0].level wants one of None, Metadata, Request, RequestResponse'],
    [{ rules: [{ level: 'None', user: ['x'] }] }, 'rules[0].user is not a field of a policy'],
    [{ rules: [{ level: 'None', omitStages: ['End'] }] }, 'rules[0].omitStages knows RequestReceived'],
    [{ rules: [{ level: 'None', resources: ['pods'] }] }, 'rules[0].resources must be a list of maps'],
  ])('that says %j is refused by its place', (fields, message) => {
    expect(() => parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...fields })).toThrow(message)
  })
})

test('a full log is put aside under the time; only so many of those, and none that is too old, are kept', async () => {
  const clock = new ManualClock(Date.parse('2030-01-01T00:00:00Z'))
  const log = new AuditLog(logOptions({ maxBytes: 60, maxBackups: 2, maxAgeMs: 3_600_000 }), clock, silentLog)
  const fill = async () => {
    await log.write({ text: 'x'.repeat(40) })
    await clock.advance(60_000)
  }
  for (let i = 0; i < 5; i++) await fill()
  const backups = async () => (await readdir(folder)).filter(name => name !== 'audit.log').sort()
  expect(await backups()).toEqual(['audit-2030-01-01T00-03-00.000.log', 'audit-2030-01-01T00-04-00.000.log'])
  await clock.advance(2 * 3_600_000)
  await fill()
  expect(await backups()).toEqual(['audit-2030-01-01T02-05-00.000.log'])
  await log[Symbol.asyncDispose]()
})

test('what cannot be written is counted, and harms nobody', async () => {
  const log = new AuditLog(
    logOptions({ path: join(folder, 'no', 'such', 'folder', 'audit.log') }),
    systemClock,
    silentLog,
  )
  expect(await log.write({})).toBe(false)
  expect(log.lost).toBe(1)
  await log[Symbol.asyncDispose]()
})

test('what comes while something is written is written in its order, and told to each when it is there', async () => {
  const log = new AuditLog(logOptions({ maxBytes: 20 }), new ManualClock(), silentLog)
  const lines = async () => (await readFile(join(folder, 'audit.log'), 'utf8')).trim().split('\n')
  const [first, second, third] = [log.write({ n: 1 }), log.write({ n: 2 }), log.write({ text: 'x'.repeat(20) })]
  expect(await first).toBe(true)
  expect(await Promise.all([second, third])).toEqual([true, true])
  expect(await lines()).toEqual([`{"text":"${'x'.repeat(20)}"}`])
  await log.write({ n: 4 })
  expect(await lines()).toEqual(['{"n":4}'])
  await log[Symbol.asyncDispose]()
})

describe('the log as', () => {
  const EVERYTHING = policy({ level: 'Metadata' })
  const FULL_DISK = '/dev/full'
  async function asked(mode: AuditMode | undefined, sink: AuditSink) {
    await using server = await startTestApiServer({ audit: { policy: EVERYTHING, sink, ...(mode ? { mode } : {}) } })
    const answer = await raw(server, CONFIG_MAPS)
    const made = await raw(server, CONFIG_MAPS, { body: configMap('made') })
    const { text } = await raw(server, '/metrics')
    const metric = (name: string) => new RegExp(`^apiserver_audit_${name} (\\d+)$`, 'm').exec(text)?.[1]
    return { answer, made, stored: server.store.list('/registry/core/configmaps/').items.length, metric }
  }
  /** Writes when it is let. */
  function heldSink() {
    const waiting: ((written: boolean) => void)[] = []
    const stages: string[] = []
    const sink: AuditSink = {
      lost: 0,
      write: event => {
        stages.push((event as AnyJson).stage)
        return new Promise(resolve => waiting.push(resolve))
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    return { sink, stages, waiting }
  }

  test('blocking, which it is unless told otherwise, has what happened before the client is answered', async () => {
    const sink = new AuditLog(logOptions(), systemClock, silentLog)
    await using server = await startTestApiServer({ audit: { policy: EVERYTHING, sink } })
    for (let i = 0; i < 5; i++) {
      await raw(server, `${CONFIG_MAPS}/n${i}`, { headers: { 'audit-id': `n${i}` } })
      await raw(server, CONFIG_MAPS, { as: 'none', headers: { 'audit-id': `nobody${i}`, authorization: 'Bearer no' } })
      const text = await readFile(join(folder, 'audit.log'), 'utf8')
      const events = text.trim().split('\n').map(line => JSON.parse(line) as AnyJson)
      const stagesOf = (id: string) => events.filter(({ auditID }) => auditID === id).map(({ stage }) => stage)
      expect(stagesOf(`n${i}`)).toEqual(['RequestReceived', 'ResponseComplete'])
      expect(stagesOf(`nobody${i}`)).toEqual(['ResponseStarted'])
    }
    await sink[Symbol.asyncDispose]()
  }) // prettier-ignore

  test('blocking does not begin before it is written that a request came, nor answer before its end is', async () => {
    const { sink, stages, waiting } = heldSink()
    await using server = await startTestApiServer({ audit: { policy: EVERYTHING, sink } })
    const stored = () => server.store.list('/registry/core/configmaps/').items.length
    let answered = false
    const making = raw(server, CONFIG_MAPS, { body: configMap('held') }).then(() => (answered = true))
    await eventually(() => expect(stages).toEqual(['RequestReceived']))
    expect(stored()).toBe(0)
    waiting.shift()?.(true)
    await eventually(() => expect(stages).toEqual(['RequestReceived', 'ResponseComplete']))
    expect([stored(), answered]).toEqual([1, false])
    waiting.shift()?.(true)
    await making
  })

  test('batch waits for nothing', async () => {
    const { sink, stages } = heldSink()
    const { answer, made } = await asked('batch', sink)
    expect([answer.code, made.code]).toEqual([200, 201])
    expect(stages.length).toBeGreaterThanOrEqual(4)
  })

  test('blocking serves also while the disk is full, and counts what is lost', async () => {
    const sink = new AuditLog(logOptions({ path: FULL_DISK }), systemClock, silentLog)
    const { answer, made, metric } = await asked('blocking', sink)
    expect([answer.code, made.code]).toEqual([200, 201])
    expect(Number(metric('error_total\\{plugin="log"\\}'))).toBeGreaterThanOrEqual(5)
    expect(metric('event_total')).toBe(metric('error_total\\{plugin="log"\\}'))
    expect(metric('level_total\\{level="Metadata"\\}')).toBe('3')
    expect(metric('requests_rejected_total')).toBe('0')
    await sink[Symbol.asyncDispose]()
  })

  test('blocking-strict does nothing that cannot be written down', async () => {
    const sink = new AuditLog(logOptions({ path: FULL_DISK }), systemClock, silentLog)
    const { answer, made, stored } = await asked('blocking-strict', sink)
    expect([answer.code, made.code, stored]).toEqual([500, 500, 0])
    expect(answer.json).toMatchObject({
      kind: 'Status',
      reason: 'InternalError',
      message: 'Internal error occurred: failed to store audit event',
    })
    await sink[Symbol.asyncDispose]()
  })

  test('blocking-strict serves what it could write the beginning of, whatever becomes of its end', async () => {
    const { sink, stages, waiting } = heldSink()
    await using server = await startTestApiServer({ audit: { policy: EVERYTHING, sink, mode: 'blocking-strict' } })
    const answer = raw(server, CONFIG_MAPS)
    await eventually(() => expect(stages).toEqual(['RequestReceived']))
    waiting.shift()?.(true)
    await eventually(() => expect(stages).toEqual(['RequestReceived', 'ResponseComplete']))
    waiting.shift()?.(false)
    expect((await answer).code).toBe(200)
  })
})
