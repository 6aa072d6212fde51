// What annotations of pods and nodes may say, in upstream's words, and that what is stored already stays usable.
import { expect, test } from 'vitest'
import { daemonSets } from '../../../src/main/apiserver/registry/apps/daemon-set.ts'
import { deployments } from '../../../src/main/apiserver/registry/apps/deployment.ts'
import { replicaSets } from '../../../src/main/apiserver/registry/apps/replica-set.ts'
import { statefulSets } from '../../../src/main/apiserver/registry/apps/stateful-set.ts'
import { cronJobs } from '../../../src/main/apiserver/registry/batch/cron-job.ts'
import { jobs } from '../../../src/main/apiserver/registry/batch/job.ts'
import { nodes } from '../../../src/main/apiserver/registry/core/node.ts'
import { podTemplates } from '../../../src/main/apiserver/registry/core/pod-template.ts'
import { pods } from '../../../src/main/apiserver/registry/core/pod.ts'
import { replicationControllers } from '../../../src/main/apiserver/registry/core/replication-controller.ts'
import { type ResourceDescriptor, rulesOf } from '../../../src/main/apiserver/registry/resource.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import { annotationErrors } from '../../../src/main/apiserver/registry/core/pod/validate-annotations.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { admitted, problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_OF_WEB = 'container.seccomp.security.alpha.kubernetes.io/web'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'

const object = (annotations: Fields, container: Fields = {}, spec: Fields = {}) => ({
  metadata: { annotations },
  spec: { containers: [{ name: 'web', image: 'web:1', ...container }], ...spec },
})
const seccomp = (type: string, more: Fields = {}) => ({ securityContext: { seccompProfile: { type, ...more } } })
const appArmor = (type: string, more: Fields = {}) => ({ securityContext: { appArmorProfile: { type, ...more } } })
/** @param path behind the spec's */
const differs = (path: string, what: string, field = 'type') => [
  `spec.${path}.${field}: Forbidden: ${what} ${field === 'type' ? 'type' : 'profile'} in annotation and field must match`,
]
const IN_WEB = 'containers[0].securityContext'

const cases: [annotations: Fields, container: Fields, spec: Fields, expected: string[]][] = [
  ...['0', '-5', '-05', '2147483647', '-2147483648'].map((cost): (typeof cases)[number] => [
    { [COST]: cost },
    {},
    {},
    [],
  ]),
  ...['', '+1', '007', '-', '1.5', 'x', '2147483648'].map((cost): (typeof cases)[number] => [
    { [COST]: cost },
    {},
    {},
    [`metadata.annotations[${COST}]: Invalid value: "${cost}": must be a 32bit integer`],
  ]),
  ...['runtime/default', 'docker/default', 'unconfined', 'localhost/a/b.json', 'localhost/'].flatMap(
    (profile): typeof cases => [
      [{ [SECCOMP]: profile }, {}, {}, []],
      [{ [SECCOMP_OF_WEB]: profile }, {}, {}, []],
    ],
  ),
  [
    { [SECCOMP]: 'x' },
    {},
    {},
    [`metadata.annotations.${SECCOMP}: Invalid value: "x": must be a valid seccomp profile`],
  ],
  [
    { [SECCOMP_OF_WEB]: 'localhost/../etc' },
    {},
    {},
    [`metadata.annotations.${SECCOMP_OF_WEB}: Invalid value: "../etc": must not contain '..'`],
  ],
  [
    { [SECCOMP]: 'localhost//etc' },
    {},
    {},
    [`metadata.annotations.${SECCOMP}: Invalid value: "/etc": must be a relative path`],
  ],
  [{ [SECCOMP]: 'docker/default' }, {}, seccomp('RuntimeDefault'), []],
  [{ [SECCOMP]: 'runtime/default' }, {}, seccomp('Unconfined'), differs('securityContext.seccompProfile', 'seccomp')],
  [{ [SECCOMP_OF_WEB]: 'unconfined' }, seccomp('RuntimeDefault'), {}, differs(`${IN_WEB}.seccompProfile`, 'seccomp')],
  [{ [SECCOMP_OF_WEB]: 'localhost/a' }, seccomp('Localhost', { localhostProfile: 'a' }), {}, []],
  [
    { [SECCOMP_OF_WEB]: 'localhost/b' },
    seccomp('Localhost', { localhostProfile: 'a' }),
    {},
    differs(`${IN_WEB}.seccompProfile`, 'seccomp', 'localhostProfile'),
  ],
  [
    { [`${APP_ARMOR}other`]: 'unconfined' },
    {},
    {},
    [`metadata.annotations[${APP_ARMOR}other]: Invalid value: "other": container not found`],
  ],
  [
    { [`${APP_ARMOR}web`]: 'x' },
    {},
    {},
    [`metadata.annotations[${APP_ARMOR}web]: Invalid value: "x": invalid AppArmor profile name: "x"`],
  ],
  [
    { [`${APP_ARMOR}web`]: 'unconfined' },
    appArmor('RuntimeDefault'),
    {},
    differs(`${IN_WEB}.appArmorProfile`, 'apparmor'),
  ],
  [
    { [`${APP_ARMOR}web`]: 'localhost/a' },
    appArmor('Localhost', { localhostProfile: 'b' }),
    {},
    differs(`${IN_WEB}.appArmorProfile`, 'apparmor', 'localhostProfile'),
  ],
  [{ [`${APP_ARMOR}web`]: '' }, {}, appArmor('Unconfined'), differs(`${IN_WEB}.appArmorProfile`, 'apparmor')],
]

test.each(cases)('a pod with %j, %j, %j', (annotations, container, spec, expected) => {
  expect(problems(pods, object(annotations, container, spec))).toEqual(expected)
})

test.each(cases)('a template with %j, %j, %j', (annotations, container, spec, expected) => {
  const found = problems(podTemplates, { template: object(annotations, container, spec) })
  expect(found).toEqual(expected.map(text => `template.${text.replace(/^metadata\./, '')}`))
})

test('annotations of a template are no larger than those of an object', () => {
  expect(problems(podTemplates, { template: object({ a: 'x'.repeat(262_144) }) })).toEqual([
    'template.annotations: Too long: may not be more than 262144 bytes',
  ])
})

test('a pod that says already what none may say can change and go, and says nothing new of the kind', () => {
  const stored = admitted(pods, object({ [COST]: '+1', [SECCOMP]: 'x' }))
  stored.metadata.resourceVersion = '7'
  const update = (annotations: Record<string, string>) => {
    const next: AnyObject = structuredClone(stored)
    next.metadata.annotations = annotations
    next.metadata.finalizers = ['example.com/a']
    pods.prepareForUpdate?.(next, stored)
    const found = [...(pods.validate?.(next, stored) ?? []), ...(pods.validateUpdate?.(next, stored) ?? [])]
    const ofStatus = pods.status?.validateUpdate?.(next, stored) ?? []
    return [found, ofStatus].map(errors => errors.map(({ field, message }) => `${field}: ${message}`))
  }
  expect(update({ [COST]: '+1', [SECCOMP]: 'x', other: 'y' })).toEqual([[], []])
  expect(update({})).toEqual([[], []])
  const cost = [`metadata.annotations[${COST}]: Invalid value: "+2": must be a 32bit integer`]
  expect(update({ [COST]: '+2', [SECCOMP]: 'x' })).toEqual([cost, cost])
})

const LABELS = { app: 'web' }
const selecting = (template: Fields) => ({ selector: { matchLabels: LABELS }, template })
const workloads: [resource: ResourceDescriptor, wrap: (template: Fields) => Fields][] = [
  ...[deployments, replicaSets, statefulSets, daemonSets].map((resource): (typeof workloads)[number] => [
    resource as ResourceDescriptor,
    template => ({ spec: selecting(template) }),
  ]),
  [replicationControllers as ResourceDescriptor, template => ({ spec: { selector: LABELS, template } })],
  [jobs as ResourceDescriptor, template => ({ spec: { ...selecting(template), manualSelector: true } })],
  [cronJobs as ResourceDescriptor, template => ({ spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } })],
  [podTemplates as ResourceDescriptor, template => ({ template })],
] // prettier-ignore

test.each(workloads.map(([resource, wrap]) => [resource.type.kind, resource, wrap] as const))(
  'a %s whose template says already what none may say can change, and says nothing new of the kind',
  (kind, resource, wrap) => {
    const restartPolicy = kind.endsWith('Job') ? 'Never' : 'Always'
    const made = (annotations: Fields) => {
      const { spec } = object(
        {},
        { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
        { restartPolicy },
      )
      return admitted(resource, wrap({ metadata: { labels: LABELS, annotations }, spec }))
    }
    const given = { [COST]: '+1', [SECCOMP]: 'x', [SECCOMP_OF_WEB]: 'unconfined', [`${APP_ARMOR}other`]: 'unconfined' }
    const large = { large: 'x'.repeat(262_144) }
    const stored = made({ ...given, ...large })
    const found = (annotations: Fields, old?: AnyObject) => atOnce(rulesOf(resource, made(annotations), old)).length
    expect([found({ ...given, ...large }), found({ ...given, ...large }, stored)]).toEqual([5, 0])
    expect(found({ ...given, [COST]: '+2', [`${APP_ARMOR}more`]: 'unconfined' }, stored)).toBe(2)
    expect(found(given, made({}))).toBe(4)
  },
)

test('very many annotations of very many containers are each looked at once', () => {
  const names = Array.from({ length: 40_000 }, (_, i) => `c${i}`)
  const containers = names.map(name => ({ name, image: 'web:1' }))
  const annotations = Object.fromEntries(names.slice(0, 10_000).map(name => [APP_ARMOR + name, 'unconfined']))
  expect(annotationErrors('annotations', annotations, { containers })).toEqual([])
})

const configSource = { configMap: { name: 'a', namespace: 'b', kubeletConfigKey: 'c' } }
const config = {
  active: { configMap: { name: 'a', namespace: 'b', kubeletConfigKey: 'c', uid: 'd', resourceVersion: '1' } },
}

test('where a kubelet has its configuration from, a node keeps only if it said so before', () => {
  expect(problems(nodes, { spec: { configSource: { configMap: {} } }, status: { config: { active: {} } } })).toEqual([])
  const none = admitted(nodes, { spec: { configSource }, status: { config } })
  expect([none['spec'], (none['status'] as Fields)['config']]).toEqual([{}, undefined])
  const change = (old: AnyObject) => {
    const next = structuredClone(old)
    next['spec'] = { configSource }
    nodes.prepareForUpdate?.(next, old)
    const [{ spec }, reported] = [next as unknown as { spec: Fields }, structuredClone(old)]
    Object.assign(reported['status'] as Fields, { config })
    nodes.status?.prepareForUpdate?.(reported, old)
    return [spec['configSource'], (reported['status'] as Fields)['config']]
  }
  expect(change(none)).toEqual([undefined, undefined])
  const some = structuredClone(none)
  some['spec'] = { configSource: { configMap: {} } }
  Object.assign(some['status'] as Fields, { config: {} })
  expect(change(some)).toEqual([configSource, config])
})

const UPPER_CAMEL =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"

test.each<[status: Fields, expected: string[], later?: string[]]>([
  [{ declaredFeatures: ['A', 'A/b', 'B'] }, []],
  [
    { declaredFeatures: ['B', 'A', 'A', 'a'] },
    [
      'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
      'status.declaredFeatures[2]: Duplicate value: "A"',
      `status.declaredFeatures[3]: Invalid value: "a": invalid feature name "a": ${UPPER_CAMEL}`,
    ],
  ],
  [
    { nodeInfo: { swap: { capacity: 0 } } },
    ['metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero'],
    [],
  ],
  [
    { capacity: { cpu: '-1' } },
    [
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
])('a node whose status is %j', (status, expected, later = expected) => {
  expect(problems(nodes, { status: structuredClone(status) })).toEqual(expected)
  const node = admitted(nodes, { status: structuredClone(status) })
  const found = nodes.status?.validateUpdate?.(node, node) ?? []
  expect(found.map(({ field, message }) => `${field}: ${message}`)).toEqual(later)
})

test('a node reports each of its addresses once', () => {
  const address = { type: 'InternalIP', address: '10.0.0.1' }
  const node = admitted(nodes, { status: { addresses: [address, { ...address, type: 'Hostname' }, address] } })
  expect(nodes.status?.validateUpdate?.(node, node).map(({ field }) => field)).toEqual(['status.addresses[2]'])
})
