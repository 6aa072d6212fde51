// What is accepted and still worth a word: the Warning headers of writes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

type Fields = Record<string, unknown>
const IN_DEFAULT = '/api/v1/namespaces/default'
const APPS = '/apis/apps/v1/namespaces/default'
const BATCH = '/apis/batch/v1/namespaces/default'

/** @returns the texts of the Warning headers */
async function warnings(path: string, body: Fields, method = 'POST'): Promise<string[]> {
  const { headers, code, text } = await raw(server, `${path}?dryRun=All`, { method, body })
  expect([code, code < 300 ? '' : text]).toEqual([method === 'POST' ? 201 : 200, ''])
  const given = headers['warning'] as string | undefined
  return given ? [...given.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(match => JSON.parse(match[1]!) as string) : []
}

const web = { name: 'web', image: 'web:1' }
const pod = (spec: Fields, container: Fields = {}, metadata: Fields = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [{ ...web, ...container }], ...spec },
})
const term = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] })
const env = (...values: Fields[]) => ({ env: values })
const ports = (...values: Fields[]) => ({ ports: values })

test.each<[string, Fields, string[]]>([
  ['nothing unusual', pod({}), []],
  ['an old label of nodes', pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }), ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead']],
  ['an old label in an affinity', pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term('failure-domain.beta.kubernetes.io/zone')] } } } }), ['spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead']],
  ['an affinity to no pod', pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } } }), ['spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod']],
  ['spreading of no pods', pod({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }), ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod']],
  ['an old annotation', pod({}, {}, { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } }), ['metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead']],
  ['a host twice', pod({ hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] }), ['spec.hostAliases[1].ip: duplicate ip "10.0.0.1"']],
  ['an address of IPv6 in long form', pod({ hostAliases: [{ ip: 'fd00:0::1' }] }), ['spec.hostAliases[0].ip: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")']],
  ['secrets without a name, and twice', pod({ imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] }), ['spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""']],
  ['a fraction of a byte', pod({}, { resources: { limits: { memory: '1500m' } } }), ['spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer', 'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer']],
  ['a variable twice', pod({}, env({ name: 'A', value: '1' }, { name: 'A', value: '2' })), ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']],
  ['a variable that builds on the first', pod({}, env({ name: 'A', value: '1' }, { name: 'A', value: '$(A)2' })), []],
  ['a port twice', pod({}, ports({ containerPort: 80 }, { containerPort: 80, name: 'a' })), ['spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]']],
  ['a port with and without a port of the host', pod({}, ports({ containerPort: 80 }, { containerPort: 80, hostPort: 8080 })), ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]']],
  ['a name of ports in two containers', { metadata: { name: 'a' }, spec: { containers: [{ ...web, ports: [{ name: 'http', containerPort: 80 }] }, { ...web, name: 'other', ports: [{ name: 'http', containerPort: 81 }] }] } }, ['spec.containers[1].ports[0]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]']],
])('a pod with %s', async (_what, body, expected) => {
  expect(await warnings(`${IN_DEFAULT}/pods`, body)).toEqual(expected)
}) // prettier-ignore

const service = (spec: Fields, metadata: Fields = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
})
test.each<[string, Fields, string[]]>([
  ['addresses of its own', service({ externalIPs: ['192.0.2.1'] }), ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']],
  ['affinity but no address', service({ clusterIP: 'None', sessionAffinity: 'ClientIP' }), ['spec.SessionAffinity is ignored for headless services']],
  ['a range in long form', service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['fd00:0::/16'] }), ['spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "fd00:0::/16" should be in RFC 5952 canonical format ("fd00::/16")']],
  ['an old word for near', service({ trafficDistribution: 'PreferClose' }), ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']],
  ['an old annotation', service({}, { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } }), ['annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead']],
])('a service with %s', async (_what, body, expected) => {
  expect(await warnings(`${IN_DEFAULT}/services`, body)).toEqual(expected)
}) // prettier-ignore

const labels = { app: 'a' }
const template = (spec: Fields) => ({ metadata: { labels }, spec: { containers: [web], ...spec } })
const OLD = { nodeSelector: { 'beta.kubernetes.io/arch': 'amd64' } }
const told = (path: string) =>
  `${path}.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead`
const dotted =
  'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]'
const workload = (spec: Fields = OLD) => ({ selector: { matchLabels: labels }, template: template(spec) })

test.each<[string, string, Fields, string[]]>([
  ['a Deployment', `${APPS}/deployments`, { metadata: { name: 'a.b' }, spec: workload() }, [dotted, told('spec.template')]],
  ['a ReplicaSet', `${APPS}/replicasets`, { metadata: { name: 'a.b' }, spec: workload() }, [dotted, told('spec.template')]],
  ['a DaemonSet', `${APPS}/daemonsets`, { metadata: { name: 'a.b' }, spec: workload() }, [told('spec.template')]],
  ['a StatefulSet', `${APPS}/statefulsets`, { metadata: { name: 'a' }, spec: workload() }, [told('spec.template')]],
  ['a Job', `${BATCH}/jobs`, { metadata: { name: 'a.b' }, spec: { template: template({ ...OLD, restartPolicy: 'Never' }) } }, [dotted, told('spec.template')]],
  ['a CronJob', `${BATCH}/cronjobs`, { metadata: { name: 'a.b' }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template({ ...OLD, restartPolicy: 'Never' }) } } } }, [dotted, told('spec.jobTemplate.spec.template')]],
  ['a claim', `${IN_DEFAULT}/persistentvolumeclaims`, { metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } } }, ['metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead', 'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer']],
  ['an Ingress', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', { metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } }, [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`]],
  ['a ReplicationController', `${IN_DEFAULT}/replicationcontrollers`, { metadata: { name: 'a.b' }, spec: { template: template(OLD) } }, [dotted, told('spec.template')]],
  ['a PodTemplate', `${IN_DEFAULT}/podtemplates`, { metadata: { name: 'a' }, template: template(OLD) }, [told('template')]],
  ['a Pod whose name is no label', `${IN_DEFAULT}/pods`, pod({}, {}, { name: 'a.b' }), ["metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"]],
  ['an indexed Job of very many', `${BATCH}/jobs`, { metadata: { name: 'a' }, spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template: template({ restartPolicy: 'Never' }) } }, ['spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail']],
  ['a volume of old ways', '/api/v1/persistentvolumes', { metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Recycle', nfs: { server: 'a', path: '/' }, nodeAffinity: { required: { nodeSelectorTerms: [term('failure-domain.beta.kubernetes.io/zone')] } } } }, ['metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead', 'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.', 'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead']],
  ['a volume that nothing can mount any more', '/api/v1/persistentvolumes', { metadata: { name: 'a' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], rbd: { monitors: ['a'], image: 'b' } } }, ['spec.rbd: deprecated in v1.28, non-functional in v1.31+']],
  ['a quota that lets more be requested than its limits let be used', `${IN_DEFAULT}/resourcequotas`, { metadata: { name: 'a' }, spec: { hard: { cpu: '2', 'limits.cpu': '1500m', 'requests.memory': '1Gi', 'limits.memory': '1Gi' } } }, ['ResourceQuota cpu (2) should be less than limits.cpu (1500m)']],
  ['a StorageClass of old zones', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'a' }, provisioner: 'a', allowedTopologies: [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] }] }] }, ['allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead']],
  ['a CSIStorageCapacity of old zones', '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities', { metadata: { name: 'a' }, storageClassName: 'a', nodeTopology: { matchLabels: { 'beta.kubernetes.io/os': 'linux' } } }, ['nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead']],
  ['a RuntimeClass of old labels', '/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'a' }, handler: 'a', scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } }, ['scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead']],
  ['a Node with a range in long form', '/api/v1/nodes', { metadata: { name: 'a' }, spec: { podCIDRs: ['fd00:0::/64'], podCIDR: 'fd00:0::/64' } }, ['spec.podCIDRs[0]: IPv6 CIDR value "fd00:0::/64" should be in RFC 5952 canonical format ("fd00::/64")']],
  ['a NetworkPolicy with ranges in long form', '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', { metadata: { name: 'a' }, spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'fd00:0::/16', except: ['fd00:00:1::/48'] } }] }], egress: [{ to: [{ ipBlock: { cidr: 'fd00:0::/16' } }] }] } }, ['spec.ingress[0].from[0].ipBlock.cidr', 'spec.ingress[0].from[0].ipBlock.except[0]', 'spec.egress[0].to[0].ipBlock.cidr'].map((at, i) => `${at}: IPv6 CIDR value "${i === 1 ? 'fd00:00:1::/48' : 'fd00:0::/16'}" should be in RFC 5952 canonical format ("${i === 1 ? 'fd00:0:1::/48' : 'fd00::/16'}")`)],
  ['an EndpointSlice of names', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { metadata: { name: 'a' }, addressType: 'FQDN', endpoints: [{ addresses: ['a.example'] }] }, ['spec.addressType: FQDN endpoints are deprecated']],
  ['Endpoints with addresses in long form', `${IN_DEFAULT}/endpoints`, { metadata: { name: 'a' }, subsets: [{ notReadyAddresses: [{ ip: 'fd00:0::1' }], ports: [{ port: 80 }] }] }, ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice', 'subsets[0].notReadyAddresses[0].ip: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")']],
  ['a ResourceSlice whose driver has capitals', '/apis/resource.k8s.io/v1/resourceslices', { metadata: { name: 'a' }, spec: { driver: 'GPU.example', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } } }, ['spec.driver: driver names should be lowercase; "GPU.example" contains uppercase characters']],
  ['a CSIDriver', '/apis/storage.k8s.io/v1/csidrivers', { metadata: { name: 'a' }, spec: { tokenRequests: [{ audience: 'a' }] } }, ['spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes']],
])('%s', async (_what, path, body, expected) => {
  expect(await warnings(path, body)).toEqual(expected)
}) // prettier-ignore

test('an update warns of a template only when the object changes', async () => {
  const body = { metadata: { name: 'kept' }, spec: workload() }
  const { json } = await raw(server, `${APPS}/deployments`, { body })
  const path = `${APPS}/deployments/kept`
  expect(await warnings(path, { ...json, metadata: { ...json.metadata, labels } }, 'PUT')).toEqual([])
  expect(await warnings(path, { ...json, spec: { ...json.spec, replicas: 3 } }, 'PUT')).toEqual([told('spec.template')])
})
