// Which requests a webhook or a policy is about: rules, scopes, equivalent versions, selectors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Namespace } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { AdmissionRequest } from '../../../src/main/apiserver/admission/contract.ts'
import { convertVersion } from '../../../src/main/apiserver/admission/matching/convert.ts'
import { matchRules } from '../../../src/main/apiserver/admission/matching/rules.ts'
import { namespaceMatches, objectMatches } from '../../../src/main/apiserver/admission/matching/selectors.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  await api.clientAs().create(Namespace, { metadata: { name: 'team', labels: { tier: 'gold' } }, spec: {} })
})
afterAll(() => api[Symbol.asyncDispose]())

function request(group: string, version: string, plural: string, given: Partial<AdmissionRequest> = {}) {
  const resource = api.server.context.resources.byUrl(group, version, plural)
  if (!resource) throw new Error(`${plural} are not served`)
  const base: AdmissionRequest = {
    operation: 'CREATE',
    resource,
    subresource: '',
    namespace: 'team',
    name: 'a',
    user: { name: 'jane', groups: [] },
    dryRun: false,
    warn: () => undefined,
  }
  return { ...base, ...given }
}
const rule = (given: object) => [
  { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], scope: '*', ...given },
]
const matched = (rules: object[], subject: AdmissionRequest, policy = 'Equivalent') =>
  matchRules(rules, policy, subject, api.server.context.resources)?.type

describe('rules', () => {
  test('name groups, versions, operations and resources, or everything', () => {
    const pods = request('', 'v1', 'pods')
    expect(matched(rule({}), pods)).toMatchObject({ plural: 'pods' })
    expect(matched(rule({ apiGroups: ['apps'] }), pods)).toBeUndefined()
    expect(matched(rule({ operations: ['UPDATE', 'DELETE'] }), pods)).toBeUndefined()
    expect(matched(rule({ apiGroups: [''], operations: ['CREATE'], resources: ['pods'] }), pods)).toBeDefined()
    expect(matched([], pods)).toBeUndefined()
  })
  test('a plain resource does not stand for its subresources', () => {
    const exec = request('', 'v1', 'pods', { operation: 'CONNECT', subresource: 'exec' })
    expect(matched(rule({ resources: ['pods'] }), exec)).toBeUndefined()
    expect(matched(rule({ resources: ['*'] }), exec)).toBeUndefined()
    for (const pattern of ['pods/exec', 'pods/*', '*/exec', '*/*'])
      expect(matched(rule({ resources: [pattern] }), exec), pattern).toBeDefined()
  })
  test('a Namespace is cluster-scoped although it lies in itself', () => {
    const namespaces = request('', 'v1', 'namespaces', { namespace: 'team', name: 'team' })
    expect(matched(rule({ scope: 'Namespaced' }), namespaces)).toBeUndefined()
    expect(matched(rule({ scope: 'Cluster' }), namespaces)).toBeDefined()
    expect(matched(rule({ scope: 'Cluster' }), request('', 'v1', 'pods'))).toBeUndefined()
  })
  test('resourceNames narrow a rule down', () => {
    expect(matched(rule({ resourceNames: ['b'] }), request('', 'v1', 'pods'))).toBeUndefined()
    expect(matched(rule({ resourceNames: ['a'] }), request('', 'v1', 'pods'))).toBeDefined()
  })
  test('a rule for another version of the same objects matches unless the policy is Exact', () => {
    const v1 = request('autoscaling', 'v1', 'horizontalpodautoscalers')
    const rules = rule({ apiGroups: ['autoscaling'], apiVersions: ['v2'] })
    expect(matched(rules, v1)).toMatchObject({ version: 'v2' })
    expect(matched(rules, v1, 'Exact')).toBeUndefined()
  })
  test('the object is shown in the version that matched', async () => {
    const { resources } = api.server.context
    const v1 = resources.byUrl('autoscaling', 'v1', 'horizontalpodautoscalers')
    const v2 = resources.byUrl('autoscaling', 'v2', 'horizontalpodautoscalers')
    if (!v1 || !v2) throw new Error('autoscalers are not served')
    const object = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
      spec: {
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
      },
      status: {},
    } as unknown as AnyObject
    const shown = await convertVersion(object, v1, v2)
    expect(shown).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: [{ type: 'Resource' }] } })
  })
})

describe('selectors', () => {
  const gold = { matchLabels: { tier: 'gold' } }
  const object = (labels: Record<string, string>) =>
    ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels } }) as unknown as AnyObject
  test("the namespace's labels decide; what lies outside of namespaces always matches", () => {
    expect(namespaceMatches(gold, request('', 'v1', 'pods'), api.store)).toBe(true)
    expect(namespaceMatches({ matchLabels: { tier: 'iron' } }, request('', 'v1', 'pods'), api.store)).toBe(false)
    expect(namespaceMatches(gold, request('', 'v1', 'nodes', { namespace: '' }), api.store)).toBe(true)
    expect(() => namespaceMatches(gold, request('', 'v1', 'pods', { namespace: 'none' }), api.store)).toThrow(
      'namespaces "none" not found',
    )
  })
  test('a namespace that is written counts with its new labels', () => {
    const draft = request('', 'v1', 'namespaces', { namespace: 'new', name: 'new', object: object({ tier: 'gold' }) })
    expect(namespaceMatches(gold, draft, api.store)).toBe(true)
  })
  test('the object matches as it was or as it will be', () => {
    const given = { object: object({}), oldObject: object({ tier: 'gold' }) }
    expect(objectMatches(gold, request('', 'v1', 'pods', given))).toBe(true)
    expect(objectMatches(gold, request('', 'v1', 'pods', { object: object({}) }))).toBe(false)
    expect(objectMatches({}, request('', 'v1', 'pods'))).toBe(true)
    expect(objectMatches(gold, request('', 'v1', 'pods'))).toBe(false)
  })
})
