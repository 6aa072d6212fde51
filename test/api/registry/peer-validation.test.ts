// Rules that kube-apiserver was asked for, one changed field at a time, in its words.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { rulesOf } from '../../../src/main/apiserver/registry/resource.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
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
const scaledBy = (metric: Fields) => ({ metadata: { name: 'a' }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, metrics: [metric] } }) // prettier-ignore
const quota = (requirement: Fields) => ({ metadata: { name: 'a' }, spec: { scopeSelector: { matchExpressions: [requirement] } } }) // prettier-ignore
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
  ['a quota of an unknown scope', 'core.v1.ResourceQuota', quota({ scopeName: 'Tall', operator: 'Exists' }), 'spec.scopeSelector.matchExpressions.scopeName: Invalid value: "Tall": unsupported scope'],
  ['a quota of an unknown operator', 'core.v1.ResourceQuota', quota({ scopeName: 'PriorityClass', operator: 'Like' }), 'spec.scopeSelector.matchExpressions.operator: Invalid value: "Like": not a valid selector operator'],
  ['a quota of a scope with values', 'core.v1.ResourceQuota', quota({ scopeName: 'Terminating', operator: 'In', values: ['a'] }), expect.stringMatching(/^spec\.scopeSelector\.matchExpressions\.operator: Invalid value: "In": must be 'Exists' when scope is any of /) as never],
  ['a metric of nothing', 'autoscaling.v2.HorizontalPodAutoscaler', scaledBy({ type: 'Object', object: {} }), 'spec.metrics[0].object.target.type: Required value: must specify a metric target type'],
  ['a metric of no object', 'autoscaling.v2.HorizontalPodAutoscaler', scaledBy({ type: 'Object', object: {} }), 'spec.metrics[0].object.describedObject.kind: Required value'],
  ['a CronJob of nothing', 'batch.v1.CronJob', { metadata: { name: 'a' }, spec: { schedule: '* * * * *' } }, 'spec.jobTemplate.spec.template.spec.containers: Required value'],
  ['a binding to nothing', 'rbac.v1.RoleBinding', { metadata: { name: 'a' } }, 'roleRef.name: Required value'],
  ['a port of a service without a number', 'core.v1.Service', { metadata: { name: 'a' }, spec: { ports: [{}] } }, 'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive'],
  ['a request that nobody is to sign', 'certificates.v1.CertificateSigningRequest', { metadata: { name: 'a' }, spec: { request: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K', usages: ['client auth'] } }, 'spec.signerName: Required value'],
  ['a request to be signed that is none', 'certificates.v1.CertificateSigningRequest', { metadata: { name: 'a' }, spec: { request: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K', signerName: 'example.com/s', usages: ['client auth'] } }, 'spec.request: Invalid value: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K": PEM block type must be CERTIFICATE REQUEST'],
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

describe('storage', () => {
  const volume = (spec: Fields) => ({
    metadata: { name: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: { driver: 'csi.example.com', volumeHandle: 'h' }, ...spec }, // prettier-ignore
  })
  const attachment = (spec: Fields) => ({
    metadata: { name: 'a' },
    spec: { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' }, ...spec },
  })
  const topologies = (...terms: Fields[][]) => ({
    metadata: { name: 'a' },
    provisioner: 'example.com/p',
    allowedTopologies: terms.map(matchLabelExpressions => ({ matchLabelExpressions })),
  })
  const zone = (...values: string[]) => ({ key: 'zone', values })
  const attributes = (change: Fields) => ({ metadata: { name: 'a' }, driverName: 'csi.example.com', parameters: { iops: '1' }, ...change }) // prettier-ignore
  const [PV, VA, SC, VAC] = ['core.v1.PersistentVolume', 'storage.v1.VolumeAttachment', 'storage.v1.StorageClass', 'storage.v1.VolumeAttributesClass'] // prettier-ignore
  const ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  test.each<[string, string, Fields, string[]]>([
    ['a volume of a driver', PV!, volume({}), []],
    ['of no driver', PV!, volume({ csi: { driver: '', volumeHandle: 'h' } }), ['spec.csi.driver: Required value']],
    ['that the driver does not know', PV!, volume({ csi: { driver: 'd', volumeHandle: '' } }), ['spec.csi.volumeHandle: Required value']],
    ['of a secret in no namespace', PV!, volume({ csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 's' } } }), ['spec.csi.nodePublishSecretRef.namespace: Required value']],
    ['of an affinity to nothing', PV!, volume({ nodeAffinity: {} }), ['spec.nodeAffinity.required: Required value: must specify required node constraints']],
    ['of an unnamed class of attributes', PV!, volume({ volumeAttributesClassName: '' }), ['spec.volumeAttributesClassName: Required value: an empty string is disallowed']],
    ['an attachment', VA!, attachment({}), []],
    ['of nothing', VA!, attachment({ source: {} }), [`spec.source: Required value: ${ONE}`]],
    ['of two things', VA!, attachment({ source: { persistentVolumeName: 'pv', inlineVolumeSpec: {} } }), [`spec.source: Forbidden: ${ONE}`]],
    ['by nobody', VA!, attachment({ attacher: '' }), ['spec.attacher: Required value']],
    ['a class with two zones', SC!, topologies([zone('a')], [zone('b')]), []],
    ['with one zone twice', SC!, topologies([zone('a')], [zone('a')]), ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""']],
    ['with a zone named twice', SC!, topologies([zone('a', 'a')]), ['allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"']],
    ['a class of attributes', VAC!, attributes({}), []],
    ['of no driver', VAC!, attributes({ driverName: '' }), ['driverName: Required value']],
    ['of no attributes', VAC!, attributes({ parameters: {} }), ['parameters: Required value: must contain at least one key/value pair']],
  ])('%s', (_what, schema, object, problems) => {
    expect(found(schema, object)).toEqual(problems)
  }) // prettier-ignore

  const source = (change: Fields) => ({ metadata: { name: 'c' }, spec: { ...change }, status: {} })
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' }
  const other = { apiGroup: 'example.com', kind: 'Cake', name: 'c' }
  test.each<[string, Fields, Fields]>([
    ['a snapshot by the older field', { dataSource: snapshot }, { dataSource: snapshot, dataSourceRef: snapshot }],
    ['a snapshot by the newer field', { dataSourceRef: snapshot }, { dataSource: snapshot, dataSourceRef: snapshot }],
    ['another thing by the newer field', { dataSourceRef: other }, { dataSource: other, dataSourceRef: other }],
    ['another thing by the older field, which is dropped', { dataSource: other }, {}],
    ['another namespace, which is dropped', { dataSourceRef: { ...snapshot, namespace: 'n' } }, {}],
    [
      'a snapshot here and one elsewhere',
      { dataSource: snapshot, dataSourceRef: { ...snapshot, namespace: 'n' } },
      { dataSource: snapshot, dataSourceRef: snapshot },
    ],
  ])('a claim is filled from %s', (_what, given, expected) => {
    const claim = source(given)
    resourceOf('core.v1.PersistentVolumeClaim').prepareForCreate!(claim as never, () => undefined)
    expect(claim.spec).toEqual(expected)
  })
})

describe('webhooks', () => {
  const webhook = (change: Fields, client: Fields = {}) => ({
    metadata: { name: 'a' },
    webhooks: [
      {
        ...{ name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'] },
        clientConfig: { service: { name: 's', namespace: 'n', port: 443, ...client } },
        ...change,
      },
    ],
  })
  const rule = (change: Fields) => webhook({ rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], ...change }] }) // prettier-ignore
  const [AT, RULE, CLIENT] = ['webhooks[0]', 'webhooks[0].rules[0]', 'webhooks[0].clientConfig.service']
  test.each<[string, Fields, string[]]>([
    ['a service', webhook({}), []],
    ['a path of the service', webhook({}, { path: '/a/b/' }), []],
    ['a path from nowhere', webhook({}, { path: 'a' }), [`${CLIENT}.path: Invalid value: "a": must start with a '/'`, `${CLIENT}.path: Invalid value: "a": segment[0] may not be empty`]],
    ['a path with a hole', webhook({}, { path: '/a//b' }), [`${CLIENT}.path: Invalid value: "/a//b": segment[1] may not be empty`]],
    ['a port that is none', webhook({}, { port: 0 }), [`${CLIENT}.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive`]],
    ['a version twice', webhook({ admissionReviewVersions: ['v1', 'v1'] }), [`${AT}.admissionReviewVersions[1]: Invalid value: "v1": duplicate version`]],
    ['no version that is known', webhook({ admissionReviewVersions: ['v9'] }), [`${AT}.admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1`]],
    ['an unknown way to be asked again', webhook({ reinvocationPolicy: 'Always' }), [`${AT}.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"`]],
    ['a rule for no version', rule({ apiVersions: [''] }), [`${AT}.rules[0].apiVersions[0]: Required value`]],
    ['a rule for no resource', rule({ resources: [''] }), [`${AT}.rules[0].resources[0]: Required value`]],
    ['all operations and one', rule({ operations: ['*', 'CREATE'] }), [`${RULE}.operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`]],
    ['all groups and one', rule({ apiGroups: ['*', 'a'] }), [`${RULE}.apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`]],
    ['all versions and one', rule({ apiVersions: ['*', 'v1'] }), [`${RULE}.apiVersions: Invalid value: ["*","v1"]: if '*' is present, must not specify other API versions`]],
    ['all resources and one', rule({ resources: ['*', 'pods'] }), [`${RULE}.resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`]],
    ['all resources and the parts of one', rule({ resources: ['*', 'pods/*'] }), []],
    ['everything and a resource', rule({ resources: ['*/*', 'pods'] }), [`${RULE}.resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`]],
    ['all parts and one', rule({ resources: ['pods/*', 'pods/status'] }), [`${RULE}.resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`]],
    ['a part of all and of one', rule({ resources: ['*/scale', 'pods/scale'] }), [`${RULE}.resources[1]: Invalid value: "pods/scale": if '*/scale' is present, must not specify pods/scale`]],
    ['one part, then all', rule({ resources: ['pods/status', 'pods/*'] }), []],
  ])('with %s', (_what, object, problems) => {
    expect(found('admissionregistration.v1.MutatingWebhookConfiguration', object)).toEqual(problems)
  }) // prettier-ignore
})

describe('an autoscaler', () => {
  const metric = (target: Fields, change: Fields = {}) => ({
    metadata: { name: 'a' },
    spec: {
      ...{ maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'web', target, ...change } }],
    },
  })
  const behavior = (behavior: Fields) => {
    const { metadata, spec } = metric({ type: 'Utilization', averageUtilization: 50 })
    return { metadata, spec: { ...spec, behavior } }
  }
  const AT = 'spec.metrics[0].containerResource'
  test.each<[string, Fields, string[]]>([
    ['half of what is asked for', metric({ type: 'Utilization', averageUtilization: 50 }), []],
    ['less than nothing', metric({ type: 'AverageValue', averageValue: '-1' }), [`${AT}.target.averageValue: Invalid value: "-1": must be positive`]],
    ['something that no container has', metric({ type: 'AverageValue', averageValue: '1' }, { name: 'pods' }), [`${AT}.name: Invalid value: "pods": must be a standard resource for containers`]],
    ['a container that cannot be', metric({ type: 'AverageValue', averageValue: '1' }, { container: 'A' }), [expect.stringMatching(/\.container: Invalid value: "A": a lowercase RFC 1123 label/) as string]],
    ['steps up that are none', behavior({ scaleUp: { policies: [] } }), ['spec.behavior.scaleUp.policies: Required value: must specify at least one Policy']],
    ['steps down that are none', behavior({ scaleDown: { policies: [] } }), ['spec.behavior.scaleDown.policies: Required value: must specify at least one Policy']],
    ['steps that are left open', behavior({ scaleUp: { policies: null }, scaleDown: {} }), []],
  ])('of %s', (_what, object, problems) => {
    expect(found('autoscaling.v2.HorizontalPodAutoscaler', object)).toEqual(problems)
  }) // prettier-ignore
})

describe('a StatefulSet', () => {
  const set = (claim: Fields, pod: Fields = {}, change: Fields = {}) => ({
    metadata: { name: 'a' },
    spec: {
      ...{ serviceName: 'web', selector: { matchLabels: { app: 'a' } } },
      template: {
        metadata: { labels: { app: 'a' } },
        spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }], ...pod },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...claim },
        },
      ],
      ...change,
    },
  })
  const AT = 'spec.volumeClaimTemplates[0].spec'
  const cake = { apiGroup: 'example.com', kind: 'Cake', name: 'c' }
  test.each<[string, Fields, string[]]>([
    ['claims', set({}), []],
    ['claims of no size', set({ resources: {} }), [`${AT}.resources[storage]: Required value`]],
    ['claims that nobody may mount', set({ accessModes: [] }), [`${AT}.accessModes: Required value: at least 1 access mode is required`]],
    ['claims that are filled from no group', set({ dataSourceRef: { apiGroup: 'A_b', kind: 'Cake', name: 'c' } }), [expect.stringMatching(/dataSourceRef\.apiGroup: Invalid value: "A_b": a lowercase RFC 1123 subdomain/) as string]],
    ['claims that are filled from another namespace, too', set({ dataSource: cake, dataSourceRef: { ...cake, namespace: 'n' } }), [`${AT}: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified`]],
    ['host names, which its pods do not get', set({}, { hostname: 'Bad!', subdomain: 'Bad!' }), []],
    ['a service with dots', set({}, {}, { serviceName: 'web.example' }), [expect.stringMatching(/^spec\.serviceName: Invalid value: "web\.example": /) as string]],
  ])('with %s', (_what, object, problems) => {
    expect(found('apps.v1.StatefulSet', object)).toEqual(problems)
  }) // prettier-ignore

  test('is let be as it is stored', () => {
    const { metadata, ...rest } = set({ accessModes: [] }, {}, { serviceName: 'web.example' })
    expect(found('apps.v1.StatefulSet', { ...rest, metadata: { ...metadata, resourceVersion: '1' } })).toEqual([])
  })
})

const pod = (spec: Fields) => ({ metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } })
const spread = { maxSkew: 1, topologyKey: 'Bad key!', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }
test.each<[string, string, Fields, string[]]>([
  ['pods are spread over any key', 'core.v1.Pod', pod({ topologySpreadConstraints: [spread] }), []],
  ['search paths may have underscores', 'core.v1.Pod', pod({ dnsConfig: { searches: ['_tcp.a_b.example.com'] } }), []],
  ['and are names else', 'core.v1.Pod', pod({ dnsConfig: { searches: ['A!'] } }), [expect.stringMatching(/^spec\.dnsConfig\.searches\[0\]: Invalid value: "A!": .*alphanumeric characters, '_', '-' or '\.'/) as string]],
  ['users of its own have no disks', 'core.v1.Pod', pod({ hostUsers: false, volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'd' } }], containers: [{ name: 'c', image: 'i', volumeDevices: [{ name: 'd', devicePath: '/dev/d' }] }] }), ['spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false']],
  ['a runtime has a name', 'core.v1.Pod', pod({ runtimeClassName: '' }), [expect.stringMatching(/^spec\.runtimeClassName: Invalid value: ""/) as string]],
  ['a runtime asks for a node', 'node.v1.RuntimeClass', { metadata: { name: 'a' }, handler: 'h', scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'c', operator: 'Exists' }] } }, []],
  ['and tolerates nothing twice', 'node.v1.RuntimeClass', { metadata: { name: 'a' }, handler: 'h', scheduling: { tolerations: [{ key: 'c', operator: 'Exists' }, { key: 'c', operator: 'Exists' }] } }, ['scheduling.tolerations[1]: Duplicate value: {"key":"c","operator":"Exists"}']],
  ['a slice says any port and zone', 'discovery.v1.EndpointSlice', { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.1.0.2'], zone: 'not a label!' }], ports: [{ name: 'p', port: 70_000, protocol: 'TCP' }] }, []],
  ['a revision is an object', 'apps.v1.ControllerRevision', { metadata: { name: 'a' }, revision: 1, data: 'text' }, ['data: Required value: data must be a valid JSON object']],
  ['a node has a range of each family', 'core.v1.Node', { metadata: { name: 'a' }, spec: { podCIDRs: ['10.1.0.0/24', 'fd00::/64'] } }, []],
  ['and not two of one', 'core.v1.Node', { metadata: { name: 'a' }, spec: { podCIDRs: ['10.1.0.0/24', '10.2.0.0/24'] } }, ['spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: may specify no more than one CIDR for each IP family']],
  ['a binding changes nothing that is deleted', 'admissionregistration.v1.MutatingAdmissionPolicyBinding', { metadata: { name: 'a' }, spec: { policyName: 'p', matchResources: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['DELETE'], scope: '*' }] } } }, ['spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"']],
  ['a namespace waits for whom it knows', 'core.v1.Namespace', { metadata: { name: 'a' }, spec: { finalizers: ['nobody'] } }, ['spec.finalizers: Invalid value: "nobody": name is neither a standard finalizer name nor is it fully qualified']],
  ['an Ingress names resources of a group', 'networking.v1.Ingress', { metadata: { name: 'a' }, spec: { defaultBackend: { resource: { apiGroup: 'Bad!', kind: 'Bucket', name: 'b' } } } }, [expect.stringMatching(/^spec\.defaultBackend\.resource\.apiGroup: Invalid value: "Bad!"/) as string]],
])('%s', (_what, schema, object, problems) => {
  expect(found(schema, object)).toEqual(problems)
}) // prettier-ignore

test('an account keeps the names of its secrets alone', () => {
  const account = { metadata: { name: 'a' }, secrets: [{ name: 's', kind: 'Secret', namespace: 'n' }] }
  resourceOf('core.v1.ServiceAccount').prepareForCreate!(account as never, () => undefined)
  expect(account.secrets).toEqual([{ name: 's' }])
})

/** What is wrong with a change of an object. */
const changed = (schema: string, now: Fields, before: Fields) =>
  (resourceOf(schema).validateUpdate?.(now as never, before as never) ?? []).map(({ field, message }) => `${field}: ${message}`) // prettier-ignore
const attached = (nodeName: string) => ({ spec: { attacher: 'a', nodeName, source: { persistentVolumeName: 'pv' } } })
const drivenBy = (driverName: string, iops: string) => ({ driverName, parameters: { iops } })
const grown = (csi: Fields, change: Fields = {}) => ({ spec: { csi: { driver: 'd', volumeHandle: 'h', ...csi }, ...change } }) // prettier-ignore
const claimed = (phase: string, attributes: string | undefined, status: Fields = {}) => ({ spec: { volumeAttributesClassName: attributes }, status: { phase, ...status } }) // prettier-ignore
const sized = (storage: string | undefined, volumeMode = 'Filesystem') => ({ spec: { volumeMode, resources: { requests: storage ? { storage } : {} } }, status: { phase: 'Bound', capacity: { storage: '5Gi' } } }) // prettier-ignore
const BOUND_ONLY = 'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims' // prettier-ignore
const near = (zone: string) => ({ spec: { volumeMode: 'Filesystem', nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } } } }) // prettier-ignore
const target = (apiVersion: string) => ({ spec: { scaleTargetRef: { apiVersion, kind: 'Deployment', name: 'web' } } })
test.each<[string, string, Fields, Fields, string[]]>([
  ['what is attached stays where it is', 'storage.v1.VolumeAttachment', attached('n2'), attached('n1'), ['spec: Invalid value: {"attacher":"a","nodeName":"n2","source":{"persistentVolumeName":"pv"}}: field is immutable']],
  ['attributes keep their driver and values', 'storage.v1.VolumeAttributesClass', drivenBy('e', '2'), drivenBy('d', '1'), ['driverName: Forbidden: updates to driverName are forbidden.', 'parameters: Forbidden: updates to parameters are forbidden.']],
  ['a volume is told the secret that grows it', 'core.v1.PersistentVolume', grown({ controllerExpandSecretRef: { name: 's', namespace: 'n' } }), grown({}), []],
  ['and keeps its class of attributes', 'core.v1.PersistentVolume', grown({}), grown({}, { volumeAttributesClassName: 'fast' }), ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden']],
  ['a bound claim changes its attributes', 'core.v1.PersistentVolumeClaim', claimed('Bound', 'fast'), claimed('Bound', 'slow'), []],
  ['another one does not', 'core.v1.PersistentVolumeClaim', claimed('Pending', 'fast'), claimed('Pending', 'slow'), [BOUND_ONLY]],
  ['nor does one that has some give them up', 'core.v1.PersistentVolumeClaim', claimed('Bound', undefined), claimed('Bound', 'slow', { currentVolumeAttributesClassName: 'slow' }), ['spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil']],
  ['a claim asks for no less than it has', 'core.v1.PersistentVolumeClaim', sized(undefined), sized('5Gi'), ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']],
  ['and stays what it is', 'core.v1.PersistentVolumeClaim', sized('5Gi', 'Block'), sized('5Gi'), [BOUND_ONLY, 'volumeMode: Invalid value: "Block": field is immutable']],
  ['a node keeps its old name elsewhere', 'core.v1.Node', { spec: { externalID: 'x' }, status: {} }, { spec: {}, status: {} }, ['spec.externalID: Forbidden: may not be updated']],
  ['a quota keeps its scopes, told twice or not', 'core.v1.ResourceQuota', { spec: { scopes: ['Terminating', 'Terminating'] } }, { spec: { scopes: ['Terminating'] } }, []],
  ['a volume stays where it may be', 'core.v1.PersistentVolume', near('a'), near('b'), ['nodeAffinity: Invalid value: {"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}]}}: field is immutable, except for updating from beta label to GA']],
  ['a volume keeps its mode', 'core.v1.PersistentVolume', { ...near('a'), spec: { ...near('a').spec, volumeMode: 'Block' } }, near('a'), ['volumeMode: Invalid value: "Block": field is immutable']],
  ['an autoscaler keeps to a group', 'autoscaling.v2.HorizontalPodAutoscaler', target('v1'), target('apps/v1'), ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group']],
  ['as its older version does', 'autoscaling.v1.HorizontalPodAutoscaler', target(''), target('apps/v1'), ['spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group']],
  ['where it had one', 'autoscaling.v2.HorizontalPodAutoscaler', target('v1'), target('v1'), []],
  ['what has happened stays', 'events.v1.Event', newer({ note: 'again' }), newer({ note: 'once' }), ['message: Invalid value: "again": field is immutable']],
  ['how often may still be told', 'events.v1.Event', newer({ series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } }), newer(), []],
])('%s', (_what, schema, now, before, problems) => {
  expect(changed(schema, now, before)).toEqual(problems)
}) // prettier-ignore

/** What is wrong with a change of an object's status. */
const told = (schema: string, now: Fields, before: Fields) =>
  (resourceOf(schema).status?.validateUpdate?.(now as never, before as never) ?? []).map(({ field, message }) => `${field}: ${message}`) // prettier-ignore
const balanced = (ingress: Fields[], type = 'LoadBalancer') => ({ spec: { type }, status: { loadBalancer: { ingress } } }) // prettier-ignore
const state = (status: Fields, spec: Fields = {}) => ({
  metadata: { name: 'a' },
  spec: { containers: [], ...spec },
  status: { qosClass: 'Burstable', ...status },
})
const EXTENDED = 'status.extendedResourceClaimStatus'
const extended = (requestMappings: Fields[], resourceClaimName = 'made') =>
  state(
    { extendedResourceClaimStatus: { resourceClaimName, requestMappings: requestMappings.map(each => ({ containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r', ...each })) } },
    { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '1' } } }] },
  ) // prettier-ignore
const [SERVICE, POD, INGRESS] = ['core.v1.Service', 'core.v1.Pod', 'status.loadBalancer.ingress']
test.each<[string, string, Fields, Fields, string[]]>([
  ['a balancer has an address', SERVICE!, balanced([{ ip: '192.0.2.1', ipMode: 'VIP' }]), balanced([]), []],
  ['or a name', SERVICE!, balanced([{ hostname: 'lb.example.com' }]), balanced([]), []],
  ['an address is one', SERVICE!, balanced([{ ip: 'x', ipMode: 'VIP' }]), balanced([]), [`${INGRESS}[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`]],
  ['unless it was there', SERVICE!, balanced([{ ip: 'x', ipMode: 'VIP' }]), balanced([{ ip: 'x' }]), []],
  ['a name has no mode', SERVICE!, balanced([{ hostname: 'lb.example.com', ipMode: 'VIP' }]), balanced([]), [`${INGRESS}[0].ipMode: Forbidden: may not be specified when \`ip\` is not set`]],
  ['a name is no address', SERVICE!, balanced([{ hostname: '192.0.2.1' }]), balanced([]), [`${INGRESS}[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address`]],
  ['nothing balances inside the cluster', SERVICE!, balanced([{ ip: '192.0.2.1' }], 'ClusterIP'), balanced([]), [`${INGRESS}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`]],
  ['a pod has an address of each family', POD!, state({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }), state({}), []],
  ['and not two of one', POD!, state({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }), state({}), ['status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family']],
  ['its address is one', POD!, state({ podIPs: [{ ip: 'x' }] }), state({}), ['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  ['its host says so twice', POD!, state({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }), state({}), ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`']],
  ['its conditions have names', POD!, state({ conditions: [{ type: 'example.com/Warm', status: 'True' }] }), state({}), []],
  ['its class stays', POD!, state({ qosClass: 'Guaranteed' }), state({}), ['status.qosClass: Invalid value: "Guaranteed": field is immutable']],
  ['its extended resources are devices of a claim', POD!, extended([{}]), state({}), []],
  ['of which each is mapped once', POD!, extended([{}, {}]), state({}), ['containerName', 'resourceName', 'requestName'].map(key => `${EXTENDED}.requestMappings[1].${key}: Duplicate value: "${{ containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r' }[key]}"`)],
  ['to a container that there is', POD!, extended([{ containerName: 'x' }]), state({}), [`${EXTENDED}.requestMappings[0].containerName: Invalid value: "x": must match the name of an entry in spec.initContainers.name or spec.containers.name`]],
  ['and that asks for it', POD!, extended([{ resourceName: 'example.com/x' }]), state({}), [`${EXTENDED}.requestMappings[0].resourceName: Invalid value: "example.com/x": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`]],
  ['and at all', POD!, extended([], ''), state({}), [`${EXTENDED}.requestMappings: Required value: at least one request mapping is required`, `${EXTENDED}.resourceClaimName: Required value`]],
  ['it is nominated for a node', POD!, state({ nominatedNodeName: 'n1' }), state({}), []],
  ['until it has one', POD!, state({ nominatedNodeName: 'n1' }), state({}, { nodeName: 'n2' }), ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node']],
])('%s', (_what, schema, now, before, problems) => {
  expect(told(schema, now, before)).toEqual(problems)
}) // prettier-ignore

test.each([
  ['the one that is told', { podIP: '10.0.0.1' }, '10.0.0.1', ['10.0.0.1']],
  ['the first of all', { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }, '10.0.0.1', ['10.0.0.1', 'fd00::1']],
  ['the one that every client knows', { podIP: '10.0.0.2', podIPs: [{ ip: '10.0.0.1' }] }, '10.0.0.2', ['10.0.0.2']],
])('the address of a pod is %s', (_what, status, podIP, podIPs) => {
  const object = { ...pod({}), status }
  resourceOf('core.v1.Pod').setDefaults!(object as never)
  expect(object.status).toMatchObject({ podIP, podIPs: podIPs.map(ip => ({ ip })) })
})

test.each<[string, string, Fields, string[]]>([
  ['what is there of a metric is looked at, of several the first', 'autoscaling.v2.HorizontalPodAutoscaler', { metadata: { name: 'a' }, spec: { maxReplicas: 3, scaleTargetRef: target('apps/v1').spec.scaleTargetRef, metrics: [{ type: 'Resource', pods: {}, containerResource: {} }] } }, ['spec.metrics[0].pods.metric.name: Required value: must specify a metric name', 'spec.metrics[0].pods.target.type: Required value: must specify a metric target type', 'spec.metrics[0].pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue', 'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue', 'spec.metrics[0].resource: Required value: must populate information for the given metric source', 'spec.metrics[0].pods: Forbidden: must populate the given metric source only', 'spec.metrics[0].containerResource: Forbidden: must populate the given metric source only']],
  ['a metric says what it is of', 'autoscaling.v2.HorizontalPodAutoscaler', { metadata: { name: 'a' }, spec: { maxReplicas: 3, scaleTargetRef: target('apps/v1').spec.scaleTargetRef, metrics: [{}] } }, ['spec.metrics[0].type: Required value: must specify a metric source type', 'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"']],
  ['a taint has a key', 'core.v1.Node', { metadata: { name: 'a' }, spec: { taints: [{ effect: 'NoSchedule' }] } }, ['metadata.taints[0].key: Invalid value: "": name part must be non-empty', expect.stringMatching(/^metadata\.taints\[0\]\.key: Invalid value: "": name part must consist of/) as string]],
])('%s', (_what, schema, object, problems) => {
  expect(found(schema, object)).toEqual(expect.arrayContaining(problems))
}) // prettier-ignore

test('a definition cannot be told that nothing is stored in its version', () => {
  const now = { metadata: {}, spec: { versions: [{ name: 'v1', storage: true }] }, status: { storedVersions: [] } }
  resourceOf('apiextensions.v1.CustomResourceDefinition').status!.prepareForUpdate!(now as never, structuredClone(now) as never) // prettier-ignore
  expect(now.status.storedVersions).toEqual(['v1'])
})

describe('what is empty, or is none of what it may be', () => {
  const deployed = (strategy: Fields) => ({ metadata: { name: 'a' }, spec: { selector: { matchLabels: { a: 'b' } }, strategy, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } }) // prettier-ignore
  const everywhere = (updateStrategy: Fields) => ({ ...deployed({}), spec: { ...deployed({}).spec, strategy: undefined, updateStrategy } }) // prettier-ignore
  const rolled = (rollingUpdate: Fields) => everywhere({ type: 'RollingUpdate', rollingUpdate })
  const asked = (devices: Fields) => ({ metadata: { name: 'a' }, spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }], ...devices } } }) // prettier-ignore
  const published = (spec: Fields) => ({ metadata: { name: 'a' }, spec: { driver: 'gpu.example.com', nodeName: 'n1', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'd' }], ...spec } }) // prettier-ignore
  const device = (change: Fields) => published({ devices: [{ name: 'd', ...change }] })
  const limited = (min: string) => ({ metadata: { name: 'a' }, spec: { limits: [{ type: 'Container', min: { cpu: min }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '10' } }] } }) // prettier-ignore
  const routed = (pathType: string) => ({ metadata: { name: 'a' }, spec: { rules: [{ http: { paths: [{ path: '/', pathType, backend: { service: { name: 's', port: { number: 80 } } } }] } }] } }) // prettier-ignore
  const ranked = (aggregationRule: Fields) => ({ metadata: { name: 'a' }, aggregationRule, rules: null })
  const counted = (completionMode: string) => ({ metadata: { name: 'a' }, spec: { completionMode, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 1, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } }) // prettier-ignore
  const hooked = (url: string, change: Fields = {}) => ({ metadata: { name: 'a' }, webhooks: [{ name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig: { url }, ...change }] }) // prettier-ignore
  const audited = (key: string | undefined) => ({ metadata: { name: 'p' }, spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Exact', resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] }, auditAnnotations: [{ key, valueExpression: "'x'" }] } }) // prettier-ignore
  const [LABEL, ONE] = ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')", 'exactly one value must be specified'] // prettier-ignore
  const REQUEST =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
  test.each<[string, string, Fields, string[]]>([
    ['a strategy is told as a whole', 'apps.v1.Deployment', deployed({ type: 'Other' }), ['spec.strategy: Unsupported value: {"type":"Other"}: supported values: "Recreate", "RollingUpdate"']],
    ['and so is that of daemons', 'apps.v1.DaemonSet', everywhere({ type: 'Other' }), ['spec.updateStrategy: Unsupported value: {"type":"Other"}: supported values: "RollingUpdate", "OnDelete"']],
    ['what is no share counts as none', 'apps.v1.DaemonSet', rolled({ maxUnavailable: 'text' }), [expect.stringMatching(/^spec\.updateStrategy\.rollingUpdate\.maxUnavailable: Invalid value: "text": a valid percent/) as string, 'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0']],
    ['flows are told apart as a whole', 'flowcontrol.v1.FlowSchema', { metadata: { name: 'a' }, spec: { priorityLevelConfiguration: { name: 'l' }, distinguisherMethod: { type: 'x' } } }, ['spec.distinguisherMethod.type: Unsupported value: {"type":"x"}: supported values: "ByNamespace", "ByUser"']],
    ['of a mode that is none nothing else is told', 'batch.v1.Job', counted('Other'), ['spec.completionMode: Unsupported value: "Other": supported values: "NonIndexed", "Indexed"']],
    ['a path has a type', 'networking.v1.Ingress', routed(''), ['spec.rules[0].http.paths[0].pathType: Unsupported value: "": supported values: "Exact", "ImplementationSpecific", "Prefix"']],
    ['an address has a parent of a group', 'networking.v1.IPAddress', { metadata: { name: '10.96.0.9' }, spec: { parentRef: { group: 'Bad!', resource: 'services', name: 's' } } }, [expect.stringMatching(/^spec\.parentRef\.group: Invalid value: "Bad!": a lowercase RFC 1123 subdomain/) as string]],
    ['roles are gathered by selectors', 'rbac.v1.ClusterRole', ranked({ clusterRoleSelectors: [{ matchLabels: { a: 'b!' } }] }), [expect.stringMatching(/^aggregationRule\.clusterRoleSelectors\[0\]\.matchLabels: Invalid value: "b!"/) as string, 'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.']],
    ['a volume may be kept by no policy', 'storage.v1.StorageClass', { metadata: { name: 'a' }, provisioner: 'example.com/p', reclaimPolicy: '' }, []],
    ['a volume of a class is as large as one says', 'storage.v1.CSIStorageCapacity', { metadata: { name: 'a' }, storageClassName: 'c', maximumVolumeSize: '-1' }, []],
    ['groups of files are changed by a policy', 'storage.v1.CSIDriver', csi({ fsGroupPolicy: '' }), ['spec.fsGroupPolicy: Unsupported value: "": supported values: "File", "None", "ReadWriteOnceWithFSType"']],
    ['an endpoint is told twice what it is not', 'core.v1.Endpoints', { metadata: { name: 'a' }, subsets: [{ addresses: [{ ip: 'x' }] }] }, ['subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address']],
    ['limits lie apart as far as they may', 'core.v1.LimitRange', limited('1m'), []],
    ['and no less', 'core.v1.LimitRange', limited('1'), ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "10": ratio 10 is greater than max/min = 2.000000']],
    ['who signs has a domain', 'certificates.v1.CertificateSigningRequest', { metadata: { name: 'a' }, spec: { signerName: 'x', usages: ['client auth'], request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----').toString('base64') } }, ["spec.signerName: Invalid value: \"x\": must be a fully qualified domain and path of the form 'example.com/signer-name'"]],
    ['authorities are of who is elsewhere', 'apiregistration.v1.APIService', { metadata: { name: 'v1.example.com' }, spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, caBundle: 'YWE=' } }, ['spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle']],
    ['a webhook is asked over HTTPS', 'admissionregistration.v1.ValidatingWebhookConfiguration', hooked('Bad'), ['webhooks[0].clientConfig.url: Invalid value: "": \'https\' is the only allowed URL scheme; desired format: https://host[/path]', 'webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]']],
    ['and says what it does besides', 'admissionregistration.v1.ValidatingWebhookConfiguration', hooked('https://a', { sideEffects: '' }), ['webhooks[0].sideEffects: Unsupported value: "": supported values: "None", "NoneOnDryRun"']],
    ['notes of a policy have names', 'admissionregistration.v1.ValidatingAdmissionPolicy', audited(undefined), ['spec.auditAnnotations[0].key: Invalid value: "p/": name part must be non-empty', expect.stringMatching(/^spec\.auditAnnotations\[0\]\.key: Invalid value: "p\/": name part must consist of/) as string]],
    ['a request has a name', 'resource.v1.ResourceClaim', asked({ requests: [{ name: '', exactly: { deviceClassName: 'c' } }] }), [`spec.devices.requests[0].name: Invalid value: "": ${LABEL}`]],
    ['by which it is referred to', 'resource.v1.ResourceClaim', asked({ config: [{ requests: ['B!'], opaque: { driver: 'd', parameters: {} } }] }), [`spec.devices.config[0].requests[0]: Invalid value: "B!": ${LABEL}`, `spec.devices.config[0].requests[0]: Invalid value: "B!": ${REQUEST}`]],
    ['of two attributes one counts', 'resource.v1.ResourceClaim', asked({ constraints: [{ matchAttribute: 'a.example.com/b', distinctAttribute: 'x' }] }), []],
    ['and none is too few', 'resource.v1.ResourceClaim', asked({ constraints: [{}] }), ['spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set']],
    ['a slice is of a node that has a name', 'resource.v1.ResourceSlice', published({ nodeName: '', allNodes: true }), ['spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string']],
    ['or of those that a term names', 'resource.v1.ResourceSlice', published({ nodeName: undefined, nodeSelector: {} }), ['spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term', 'spec.nodeSelector.nodeSelectorTerms: Invalid value: null: must have exactly one node selector term']],
    ['which is looked at beside others', 'resource.v1.ResourceSlice', published({ nodeName: 'n', nodeSelector: {} }), ['spec: Invalid value: "{`nodeName`, `nodeSelector`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set', 'spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term', 'spec.nodeSelector.nodeSelectorTerms: Invalid value: null: must have exactly one node selector term']],
    ['a device has a name', 'resource.v1.ResourceSlice', device({ name: '' }), [`spec.devices[0].name: Invalid value: "": ${LABEL}`]],
    ['and attributes that are something', 'resource.v1.ResourceSlice', device({ attributes: { a: {} } }), [`spec.devices[0].attributes[a]: Invalid value: "": ${ONE}`]],
    ['of several each is looked at', 'resource.v1.ResourceSlice', device({ attributes: { a: { int: 1, version: 'x' } } }), ['spec.devices[0].attributes[a].version: Invalid value: "x": must be a string compatible with semver.org spec 2.0.0', `spec.devices[0].attributes[a]: Invalid value: {"int":1,"version":"x"}: ${ONE}`]],
  ])('%s', (_what, schema, object, problems) => {
    expect(found(schema, object)).toEqual(problems)
  }) // prettier-ignore
})

describe('what was checked when it was made', () => {
  const [CLAIM, RANGE] = ['resource.v1.ResourceClaim', 'networking.v1.ServiceCIDR']
  const ranges = (...cidrs: string[]) => ({ spec: { cidrs } })
  test.each(['resource.v1.ResourceClaim', 'networking.v1.ServiceCIDR', 'scheduling.v1.PriorityClass'])('%s is only held to what may not change', schema => {
    expect([...atOnce(rulesOf(resourceOf(schema), { metadata: {} } as never, { metadata: {} } as never))]).toEqual([])
    expect(resourceOf(schema).checkedWhenNew).toBe(true)
  }) // prettier-ignore
  test.each<[string, string, Fields, Fields, string[]]>([
    ['a claim keeps what it asks for, whatever that is', CLAIM!, { spec: { devices: { config: [{}] } } }, { spec: {} }, ['spec: Invalid value: {"devices":{"config":[{}]}}: field is immutable']],
    ['each range stays', RANGE!, ranges('x'), ranges('10.0.0.0/24'), ['spec.cidrs[0]: Invalid value: "x": field is immutable']],
    ['and there are no fewer', RANGE!, ranges(), ranges('10.0.0.0/24'), ['spec.cidrs: Invalid value: []: field is immutable']],
    ['the second one is looked at as it comes', RANGE!, ranges('10.0.0.0/24', 'x'), ranges('10.0.0.0/24'), ['spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['a class keeps who makes its volumes', 'storage.v1.StorageClass', { parameters: {} }, { provisioner: 'p', parameters: {} }, ['provisioner: Invalid value: "": field is immutable']],
  ])('%s', (_what, schema, now, before, problems) => {
    expect(changed(schema, now, before)).toEqual(problems)
  }) // prettier-ignore
})
