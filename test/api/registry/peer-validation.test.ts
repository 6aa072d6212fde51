// Rules that kube-apiserver was asked for, one changed field at a time, in its words.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const resourceOf = (schema: string) => builtinResources.find(r => r.schema === schema)!
const found = (schema: string, object: Fields) => problems(resourceOf(schema), object as never)

describe('a FlowSchema', () => {
  const subject = { kind: 'User', user: { name: 'jo' } }
  const resources = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['web'] }
  const urls = { verbs: ['get'], nonResourceURLs: ['/healthz'] }
  const schema = (change: Fields, rule: Fields = {}) => ({
    metadata: { name: 'a' },
    spec: {
      priorityLevelConfiguration: { name: 'global-default' },
      rules: [{ subjects: [subject], resourceRules: [resources], nonResourceRules: [urls], ...rule }],
      ...change,
    },
  })
  const RULE = 'spec.rules[0]'
  test.each<[string, Fields, string | undefined]>([
    ['a user, pods and a path', schema({}), undefined],
    ['a negative precedence', schema({ matchingPrecedence: -1 }), 'spec.matchingPrecedence: Invalid value: -1: must be a positive value'],
    ['the precedence of another', schema({ matchingPrecedence: 1 }), "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    ['no level', schema({ priorityLevelConfiguration: {} }), 'spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
    ['nobody', schema({}, { subjects: [] }), `${RULE}.subjects: Required value: subjects must contain at least one value`],
    ['a subject of another kind', schema({}, { subjects: [{ kind: 'User', group: { name: 'g' } }] }), `${RULE}.subjects[0].user: Required value: user is required when subject kind is 'User'`],
    ['two subjects in one', schema({}, { subjects: [{ ...subject, group: { name: 'g' } }] }), `${RULE}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`],
    ['an account of no namespace', schema({}, { subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: '*' } }] }), `${RULE}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`],
    ['an unknown verb', schema({}, { resourceRules: [{ ...resources, verbs: ['eat'] }] }), `${RULE}.resourceRules[0].verbs: Unsupported value: ["eat"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`],
    ['all verbs and one', schema({}, { resourceRules: [{ ...resources, verbs: ['*', 'get'] }] }), `${RULE}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`],
    ['no namespace', schema({}, { resourceRules: [{ ...resources, namespaces: [] }] }), `${RULE}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`],
    ['the cluster itself', schema({}, { resourceRules: [{ ...resources, namespaces: [], clusterScope: true }] }), undefined],
    ['a path that is none', schema({}, { nonResourceRules: [{ ...urls, nonResourceURLs: ['x'] }] }), `${RULE}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash`],
    ['a star amid a path', schema({}, { nonResourceRules: [{ ...urls, nonResourceURLs: ['/a*b'] }] }), `${RULE}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*b": wildcard can only do suffix matching`],
  ])('of %s', (_what, object, problem) => {
    const all = found('flowcontrol.v1.FlowSchema', object)
    if (problem === undefined) expect(all).toEqual([])
    else expect(all).toContain(problem)
  }) // prettier-ignore
})

describe('a PriorityLevelConfiguration', () => {
  const queuing = { queues: 8, handSize: 4, queueLengthLimit: 10 }
  const level = (limited: Fields, spec: Fields = {}) => ({
    metadata: { name: 'a' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing }, ...limited }, ...spec },
  })
  const queues = (change: Fields) => level({ limitResponse: { type: 'Queue', queuing: { ...queuing, ...change } } })
  const QUEUING = 'spec.limited.limitResponse.queuing'
  test.each<[string, Fields, string | undefined]>([
    ['queues', level({}), undefined],
    ['the type of another', level({}, { type: 'Exempt' }), "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"],
    ['an unknown type', level({}, { type: 'Other' }), 'spec.type: Unsupported value: "Other": supported values: "Exempt", "Limited"'],
    ['no limits', level({}, { limited: undefined }), 'spec.limited: Required value: must not be empty when type is Limited'],
    ['too much to lend', level({ lendablePercent: 101 }), 'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive'],
    ['no queues', level({ limitResponse: { type: 'Queue' } }), `${QUEUING}: Required value: must not be empty if limited.limitResponse.type is Limited`],
    ['a hand of more than all', queues({ handSize: 9 }), `${QUEUING}.handSize: Invalid value: 9: should not be greater than queues (8)`],
    ['more than a hash tells apart', queues({ queues: 70_000 }), `${QUEUING}.handSize: Invalid value: 4: required entropy bits of deckSize 70000 and handSize 4 should not be greater than 60`],
  ])('of %s', (_what, object, problem) => {
    const all = found('flowcontrol.v1.PriorityLevelConfiguration', object)
    if (problem === undefined) expect(all).toEqual([])
    else expect(all).toContain(problem)
  }) // prettier-ignore
})

const event = (change: Fields = {}) => ({ metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, ...change }) // prettier-ignore
const newer = (change: Fields = {}) => ({ metadata: { name: 'e' }, eventTime: '2026-01-01T00:00:00.000000Z', regarding: { kind: 'Pod', name: 'p', namespace: 'default' }, reportingController: 'example.com/a', reportingInstance: 'a', action: 'Test', reason: 'Tested', type: 'Normal', ...change }) // prettier-ignore
const slice = (endpoint: Fields) => ({ metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.1.0.2'], ...endpoint }], ports: [] }) // prettier-ignore
const driver = (change: Fields) => ({ metadata: { name: 'n1' }, spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n1', topologyKeys: [], ...change }] } }) // prettier-ignore
const csi = (change: Fields) => ({ metadata: { name: 'csi.example.com' }, spec: change })
const scaled = (scaleTargetRef: Fields) => ({ metadata: { name: 'a' }, spec: { maxReplicas: 3, scaleTargetRef: { name: 'web', ...scaleTargetRef } } }) // prettier-ignore
const workload = (selector: Fields | undefined) => ({ metadata: { name: 'a' }, spec: { selector, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } } }) // prettier-ignore

test.each<[string, string, Fields, string | undefined]>([
  ['an event', 'core.v1.Event', event(), undefined],
  ['an event of an object elsewhere', 'core.v1.Event', event({ involvedObject: { kind: 'Pod', namespace: 'other' } }), 'involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
  ['an event of a node, in default', 'core.v1.Event', event({ metadata: { name: 'e' }, involvedObject: { kind: 'Node' } }), undefined],
  ['an event with a time and no reporter', 'core.v1.Event', event({ eventTime: '2026-01-01T00:00:00.000000Z' }), 'reportingComponent: Required value'],
  ['a newer event', 'events.v1.Event', newer(), undefined],
  ['a newer event without a time', 'events.v1.Event', newer({ eventTime: undefined }), 'eventTime: Required value'],
  ['a newer event without an action', 'events.v1.Event', newer({ action: '' }), 'action: Required value'],
  ['a newer event of another type', 'events.v1.Event', newer({ type: 'Other' }), 'type: Invalid value: "": has invalid value: Other'],
  ['a newer event with an old count', 'events.v1.Event', newer({ deprecatedCount: 2 }), 'count: Invalid value: "": needs to be unset'],
  ['a newer event with a series of one', 'events.v1.Event', newer({ series: { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }), 'series.count: Invalid value: "": should be at least 2'],
  ['a hint twice', 'discovery.v1.EndpointSlice', slice({ hints: { forZones: [{ name: 'z' }, { name: 'z' }] } }), 'endpoints[0].hints.forZones[1].name: Duplicate value: "z"'],
  ['a hint of no name', 'discovery.v1.EndpointSlice', slice({ hints: { forNodes: [{ name: 'A_' }] } }), expect.stringMatching(/^endpoints\[0\]\.hints\.forNodes\[0\]\.name: Invalid value: "A_": a lowercase RFC 1123 subdomain/) as never],
  ['a driver without a node', 'storage.v1.CSINode', driver({ nodeID: '' }), 'spec.drivers[0].nodeID: Required value'],
  ['a driver with a key twice', 'storage.v1.CSINode', driver({ topologyKeys: ['zone', 'zone'] }), 'spec.drivers[0]: Duplicate value: "zone"'],
  ['a driver of a negative count', 'storage.v1.CSINode', driver({ allocatable: { count: -1 } }), 'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0'],
  ['a driver of an unknown policy', 'storage.v1.CSIDriver', csi({ fsGroupPolicy: 'Other' }), 'spec.fsGroupPolicy: Unsupported value: "Other": supported values: "File", "None", "ReadWriteOnceWithFSType"'],
  ['a driver of an unknown lifecycle', 'storage.v1.CSIDriver', csi({ volumeLifecycleModes: ['Other'] }), 'spec.volumeLifecycleModes: Unsupported value: "Other": supported values: "Persistent", "Ephemeral"'],
  ['a driver of short tokens', 'storage.v1.CSIDriver', csi({ tokenRequests: [{ audience: 'a', expirationSeconds: 5 }] }), 'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes'],
  ['a scaled object of no group', 'autoscaling.v2.HorizontalPodAutoscaler', scaled({ kind: 'Deployment' }), 'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'],
  ['a scaled ReplicationController', 'autoscaling.v2.HorizontalPodAutoscaler', scaled({ apiVersion: 'v1', kind: 'ReplicationController' }), undefined],
  ['a revision of nothing', 'apps.v1.ControllerRevision', { metadata: { name: 'a' }, revision: 1 }, 'data: Required value: data is mandatory'],
  ['a selector without a key', 'apps.v1.Deployment', workload({ matchExpressions: [{ operator: 'Exists' }] }), 'spec.selector: Invalid value: {"matchExpressions":[{"key":"","operator":"Exists"}]}: invalid label selector'],
  ['no selector at all', 'apps.v1.Deployment', workload(undefined), 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
  ['volumes without a name', 'core.v1.Pod', { metadata: { name: 'a' }, spec: { containers: [{ name: 'web', image: 'web:1' }], volumes: [{}] } }, 'spec.volumes[0].name: Required value'],
  ['no containers', 'core.v1.Pod', { metadata: { name: 'a' }, spec: {} }, 'spec.containers: Required value'],
])('%s', (_what, schema, object, problem) => {
  const all = found(schema, object)
  if (problem === undefined) expect(all).toEqual([])
  else expect(all).toContainEqual(problem)
}) // prettier-ignore

test('an event of an object without a namespace belongs into default', () => {
  const { validate } = resourceOf('core.v1.Event')
  const of = (namespace: string) =>
    validate!({ metadata: { name: 'e', namespace }, involvedObject: { kind: 'Node' } } as never)
  expect(of('default')).toEqual([])
  expect(of('web')).toMatchObject([{ message: 'Invalid value: "": does not match event.namespace' }])
})

describe('a Job', () => {
  const job = (change: Fields) => ({
    metadata: { name: 'a', uid: 'u' },
    spec: {
      ...{ completionMode: 'Indexed', completions: 3, parallelism: 1 },
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
      ...change,
    },
  })
  const policy = (...rules: Fields[]) => job({ successPolicy: { rules } })
  const RULE = 'spec.successPolicy.rules[0]'
  const parsing = (text: string, why: string) =>
    `${RULE}.succeededIndexes: Invalid value: ${JSON.stringify(text)}: error parsing succeededIndexes: ${why}`
  test.each<[string, Fields, string | undefined]>([
    ['indexes and a count of them', policy({ succeededIndexes: '0,1-2', succeededCount: 2 }), undefined],
    ['more than its completions', policy({ succeededCount: 4 }), `${RULE}.succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)`],
    ['more than its indexes', policy({ succeededIndexes: '0-1', succeededCount: 3 }), `${RULE}.succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`],
    ['an index that it has not', policy({ succeededIndexes: '3' }), parsing('3', 'too large index: "3"')],
    ['an index that is none', policy({ succeededIndexes: 'a' }), parsing('a', 'cannot convert string to integer for index: "a"')],
    ['indexes that go back', policy({ succeededIndexes: '1,0' }), parsing('1,0', 'non-increasing order, previous: 1, current: 0')],
    ['an interval of three', policy({ succeededIndexes: '0-1-2' }), parsing('0-1-2', `the fragment "0-1-2" violates the requirement that an index interval can have at most two parts separated by '-'`)],
    ['more rules than twenty', policy(...Array.from({ length: 21 }, () => ({ succeededCount: 1 }))), 'spec.successPolicy.rules: Too many: 21: must have at most 20 items'],
    ['nobody who manages it', job({ managedBy: '' }), 'spec.managedBy: Required value'],
    ['a manager without a domain', job({ managedBy: 'queue' }), 'spec.managedBy: Invalid value: "queue": must be a domain-prefixed path (such as "acme.io/foo")'],
    ['a manager with a domain', job({ managedBy: 'example.com/queue' }), undefined],
  ])('with %s', (_, object, problem) => {
    expect(found('batch.v1.Job', object)).toEqual(problem === undefined ? [] : [problem])
  }) // prettier-ignore
})
