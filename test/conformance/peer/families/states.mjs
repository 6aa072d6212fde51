// What statuses of built-in kinds may become: one write on trial after the other, to objects that live.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import YAML from 'yaml'

const MERGE = 'application/merge-patch+json'
const TIME = '2026-01-01T00:00:00Z'
const LATER = '2026-01-01T01:00:00Z'
const file = join(import.meta.dirname, '..', 'statuses.yaml')

const good = { type: 'A', status: 'True', reason: 'R', message: 'm', lastTransitionTime: TIME }
const conditions = [
  [{}],
  [{ type: 'A' }],
  [good, good],
  [{ ...good, status: 'x' }],
  [{ ...good, reason: '-' }],
  [{ ...good, reason: '' }],
  [{ ...good, type: 'a b' }],
  [{ ...good, observedGeneration: -1 }],
  [{ ...good, message: 'x'.repeat(33_000) }],
  [{ ...good, lastTransitionTime: null }],
].map(list => ({ conditions: list }))

const COUNTS = [
  ...['replicas', 'readyReplicas', 'availableReplicas', 'updatedReplicas', 'unavailableReplicas', 'currentReplicas'],
  ...['fullyLabeledReplicas', 'terminatingReplicas', 'observedGeneration', 'collisionCount', 'desiredReplicas'],
  ...['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'numberAvailable'],
  ...['updatedNumberScheduled', 'numberUnavailable', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
]
const counts = COUNTS.flatMap(name => [{ [name]: -1 }, { [name]: 9 }])

const ways = [
  ...[[{}], [{ ip: '1.2.3.4' }], [{ ip: '1.2.3' }], [{ hostname: 'A_' }], [{ hostname: '1.2.3.4' }]],
  ...[[{ ip: '1.2.3.4', ports: [{ port: 0, protocol: 'X', error: 'a b' }] }], [{ ip: '1.2.3.4', ipMode: 'x' }]],
].map(ingress => ({ loadBalancer: { ingress } }))

const are = (...types) => ({ conditions: types.map(type => ({ type, status: 'True' })) })
const jobs = [
  { active: -1, succeeded: -1, failed: -2, ready: -1, terminating: -3 },
  { ready: 2, active: 1 },
  { uncountedTerminatedPods: { succeeded: ['', 'a', 'a'], failed: ['a', 'b', ''] } },
  are('Complete'),
  are('Failed'),
  are('Complete', 'SuccessCriteriaMet'),
  are('Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'),
  { ...are('Complete', 'SuccessCriteriaMet'), startTime: TIME, completionTime: LATER },
  { ...are('Complete', 'SuccessCriteriaMet'), startTime: LATER, completionTime: TIME },
  { ...are('Failed', 'FailureTarget'), startTime: TIME, active: 1, terminating: 1 },
  { completionTime: LATER },
  { completedIndexes: '0-2,x' },
  { failedIndexes: '1' },
]

const amounts = ['-1', '1.5m', '1500n', '2']
const claims = [
  ...amounts.flatMap(amount => [{ capacity: { storage: amount } }, { allocatedResources: { storage: amount } }]),
  ...['cpu', 'a b', 'kubernetes.io/c', 'example.com/c'].map(name => ({ allocatedResources: { [name]: '1' } })),
  ...['X', 'NodeResizePending'].map(status => ({ allocatedResourceStatuses: { storage: status } })),
]

const web = more => ({ containerStatuses: [{ name: 'web', ...more }] })
const pods = [
  ...[{ podIP: '1.2.3' }, { podIPs: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }] }, { hostIPs: [{ ip: 'x' }] }],
  ...[{ nominatedNodeName: 'A B' }, { qosClass: 'X' }, { observedGeneration: -1 }],
  ...[{ resourceClaimStatuses: [{ name: 'x' }] }, { conditions: [{ type: 'A b', status: 'x' }] }],
  web({ state: { running: {} } }),
  web({ user: { linux: { uid: -1, gid: -1, supplementalGroups: [-1] } } }),
  web({ allocatedResourcesStatus: [{ name: 'a', resources: [{ resourceID: 'x', health: 'y', message: '' }] }] }),
  { ephemeralContainerStatuses: [{ name: 'x', allocatedResourcesStatus: [{ name: 'a' }] }] },
]

const errors = [{ errorCode: -1 }, { errorCode: 3 }, { message: 'x'.repeat(1025) }]
const BY_KIND = {
  jobs,
  pods,
  services: ways,
  ingresses: ways,
  persistentvolumeclaims: claims,
  persistentvolumes: [{ phase: 'X' }, { phase: 'Bound', lastPhaseTransitionTime: TIME }],
  poddisruptionbudgets: conditions,
  volumeattachments: [
    ...errors.flatMap(error => [{ attachError: error }, { detachError: error }]),
    { attachmentMetadata: { a: 'x'.repeat(300_000) } },
  ],
  resourceclaims: [{ devices: [{ driver: 'd', pool: 'p', device: 'x' }] }, { reservedFor: [{}] }],
}

/** An object is made with a status, then each other status is written to it on trial. */
export function* cases() {
  for (const [i, document] of YAML.parseAllDocuments(readFileSync(file, 'utf8')).entries()) {
    const { path, object, status } = document.toJS()
    if (!status) continue
    const name = `state-${i}`
    const one = `${path}/${name}/status`
    const write = (status, query = '?dryRun=All') => ({
      ...{ name: JSON.stringify(status).slice(0, 200), method: 'PATCH', path: `${one}${query}`, type: MERGE },
      body: { status },
    })
    yield {
      name: `${path} ${name}`,
      steps: [
        { method: 'POST', path, body: { ...object, metadata: { ...object.metadata, name } }, unjudged: true },
        { ...write(status, ''), unjudged: true },
        ...[...counts, ...conditions, ...(BY_KIND[path.split('/').at(-1)] ?? [])].map(status => write(status)),
      ],
    }
  }
}
