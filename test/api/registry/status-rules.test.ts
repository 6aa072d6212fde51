// What statuses of built-in kinds may say, in the words of kube-apiserver.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

type Fields = Record<string, unknown>
const MERGE = { 'content-type': 'application/merge-patch+json' }
const TIME = '2026-01-01T00:00:00Z'
let server: TestApiServer
let made = 0
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const inDefault = (api: string, plural: string) => `/${api}/namespaces/default/${plural}`
const KINDS = {
  budget: [inDefault('apis/policy/v1', 'poddisruptionbudgets'), { minAvailable: 1, selector: {} }],
  claim: [
    inDefault('api/v1', 'persistentvolumeclaims'),
    { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  ],
  volume: [
    '/api/v1/persistentvolumes',
    { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } },
  ],
  attachment: [
    '/apis/storage.k8s.io/v1/volumeattachments',
    { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  ],
  schema: [
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    { priorityLevelConfiguration: { name: 'workload-low' } },
  ],
  policy: [
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    {
      validations: [{ expression: 'true' }],
      matchConstraints: {
        resourceRules: [{ apiGroups: ['x'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['y'] }],
      },
    },
  ],
  pod: [inDefault('api/v1', 'pods'), { restartPolicy: 'OnFailure', containers: [{ name: 'web', image: 'a' }] }],
  devices: [
    inDefault('apis/resource.k8s.io/v1', 'resourceclaims'),
    { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  ],
} satisfies Record<string, [path: string, spec: Fields]>

async function create(kind: keyof typeof KINDS, more: Fields = {}): Promise<string> {
  const [path, spec] = KINDS[kind]
  const name = `object-${++made}`
  const { code, json } = await raw(server, path, { body: { metadata: { name }, spec: { ...spec, ...more } } })
  expect([code, json.message]).toEqual([201, undefined])
  return `${path}/${name}/status`
}

async function write(path: string, status: Fields): Promise<string[]> {
  const { code, json } = await raw(server, path, { method: 'PATCH', headers: MERGE, body: { status } })
  const causes = (json.details?.causes ?? []) as { field: string; message: string }[]
  return code === 200 ? [] : causes.map(({ field, message }) => `${field}: ${message}`)
}

describe('conditions as the conventions have them', () => {
  const good = { type: 'A', status: 'True', reason: 'R', message: '', lastTransitionTime: TIME }
  test.each<[string, Fields[], string[]]>([
    ['are fine', [good, { ...good, type: 'b.c/D' }], []],
    ['come once', [good, good], ['[1].type: Duplicate value: "A"']],
    ['say since when, and why', [{ type: 'A', status: 'x' }], [
      '[0].status: Unsupported value: "x": supported values: "False", "True", "Unknown"',
      '[0].lastTransitionTime: Required value',
      '[0].reason: Required value',
    ]],
    ['have a reason of one word', [{ ...good, reason: 'a b' }], [expect.stringMatching(/^\[0\]\.reason: Invalid value: "a b": a condition reason must start with alphabetic character/) as unknown as string]],
    ['are short', [{ ...good, message: 'x'.repeat(32769) }], ['[0].message: Too long: may not be more than 32768 bytes']],
    ['count up', [{ ...good, observedGeneration: -1 }], ['[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero']],
  ])('%s', async (_what, conditions, wrong) => {
    for (const kind of ['budget', 'policy'] as const) {
      const found = await write(await create(kind), { conditions })
      expect(found.map(text => text.replace('status.conditions', ''))).toEqual(wrong)
    }
  }) // prettier-ignore

  test('of flow control have a type, each once', async () => {
    const path = await create('schema')
    const conditions = [{}, { type: 'A' }, { type: 'A' }]
    expect(await write(path, { conditions })).toEqual(
      expect.arrayContaining([
        'status.conditions[0].type: Required value',
        'status.conditions[2].type: Duplicate value: "A"',
      ]),
    )
  })
})

test.each<[keyof typeof KINDS, Fields, string[]]>([
  ['claim', { capacity: { storage: '-1' } }, ['status.capacity[storage]: Invalid value: -1: must be a valid resource quantity']],
  ['claim', { allocatedResources: { cpu: '1' } }, ['status.allocatedResources: Unsupported value: "cpu": supported values: "storage"']],
  ['claim', { allocatedResources: { 'example.com/a': '1' }, allocatedResourceStatuses: { storage: 'NodeResizePending' } }, []],
  ['claim', { allocatedResourceStatuses: { storage: 'x' } }, ['status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"']],
  ['attachment', { attached: false, attachError: { errorCode: -1 } }, ['status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive']],
  ['attachment', { attached: false, detachError: { message: 'x'.repeat(1025) } }, ['status.detachError.message: Too long: may not be more than 262144 bytes']],
  ['attachment', { attached: true, attachmentMetadata: { a: 'x'.repeat(262144) } }, ['status.attachmentMetadata: Too long: may not be more than 262144 bytes']],
  ['policy', { typeChecking: { expressionWarnings: [{ fieldRef: ' ', warning: '' }] } }, ['status.typeChecking.expressionWarnings[0].warning: Required value', 'status.typeChecking.expressionWarnings[0].fieldRef: Required value']],
  ['pod', { resourceClaimStatuses: [{ name: 'x' }] }, ['status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in `spec.resourceClaims`']],
  ['pod', { containerStatuses: [{ name: 'web', user: { linux: { uid: -1, gid: 0 } } }] }, ['status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive']],
  ['pod', { containerStatuses: [{ name: 'web', allocatedResourcesStatus: [{ name: 'a/b', resources: [{ resourceID: 'x', health: 'y' }] }] }] }, ["status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: \"a/b\": must match one of the container's resource requests", 'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "y": supported values: "Healthy", "Unhealthy", "Unknown"']],
  ['devices', { devices: [{ driver: 'd', pool: 'p', device: 'x', networkData: { ips: ['10.0.0.1'] } }] }, ['status.devices[0]: Invalid value: {"Driver":"d","Pool":"p","Device":"x","ShareID":""}: must be an allocated device in the claim', 'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']],
])('of %s: %j', async (kind, status, wrong) => {
  expect(await write(await create(kind), status)).toEqual(wrong)
}) // prettier-ignore

test('a container that has ended for good does not run again; one that may start again does', async () => {
  const ended = (exitCode: number) => ({ containerStatuses: [{ name: 'web', state: { terminated: { exitCode } } }] })
  const runs = { containerStatuses: [{ name: 'web', state: { running: {} } }] }
  const refused = ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']
  const after = async (exitCode: number, more: Fields = {}) => {
    const path = await create('pod', more)
    return [...(await write(path, ended(exitCode))), ...(await write(path, runs))]
  }
  const withRule = (action: string) => ({
    containers: [
      {
        ...{ name: 'web', image: 'a', restartPolicy: 'Never' },
        restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [42] } }],
      },
    ],
  })
  expect(await after(0)).toEqual(refused)
  expect(await after(1)).toEqual([])
  expect(await after(1, { restartPolicy: 'Never' })).toEqual(refused)
  expect(await after(0, { restartPolicy: 'Always' })).toEqual([])
  expect(await after(1, withRule('Restart'))).toEqual(refused)
  expect(await after(42, withRule('Restart'))).toEqual([])
  expect(await after(0, withRule('RestartAllContainers'))).toEqual([])
})

test('since when a volume is in its phase is told by the server, unless whoever changes the phase says it', async () => {
  const path = await create('volume')
  const since = async (status: Fields) => {
    const { json } = await raw(server, path, { method: 'PATCH', headers: MERGE, body: { status } })
    return (json.status as unknown as Fields)['lastPhaseTransitionTime']
  }
  expect(await since({ phase: 'Available', lastPhaseTransitionTime: TIME })).toBe(TIME)
  expect(await since({ phase: 'Available', lastPhaseTransitionTime: null })).toBe(TIME)
  const now = await since({ phase: 'Failed' })
  expect(Date.parse(String(now))).toBeGreaterThan(Date.parse(TIME))
  expect(await since({ message: 'x' })).toBe(now)
  expect(await since({ phase: 'Available', lastPhaseTransitionTime: null })).not.toBe(TIME)
})
