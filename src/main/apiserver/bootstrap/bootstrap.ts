// What every cluster has from its first second: the system's namespaces, default roles, priority classes, and the
// Services by which pods reach the API server and the DNS. Put back at every start; what an admin changed stays.
import { SYSTEM_CRITICAL } from '../../../shared/machinery/priority.ts'
import { ConfigMap, Namespace, Service } from '../../../shared/api/core/v1.ts'
import { FlowSchema, PriorityLevelConfiguration } from '../../../shared/api/flowcontrol/v1.ts'
import { ServiceCIDR } from '../../../shared/api/networking/v1.ts'
import { PriorityClass } from '../../../shared/api/scheduling/v1.ts'
import { StorageClass } from '../../../shared/api/storage/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { familyOf } from '../../../shared/machinery/ip-address.ts'
import { TRACKING, dayOf } from '../../../shared/machinery/legacy-token.ts'
import type { AnyObject, Draft, KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { isAlreadyExists } from '../../../shared/machinery/status.ts'
import { LOCAL_PROVISIONER } from '../../../shared/machinery/volume-claims.ts'
import { reconcilePolicy } from '../authz/reconcile-policy.ts'
import { type ClusterInfo, clusterInfo, isSameCluster } from './cluster-info.ts'
import { SYSTEM_NAMESPACES } from './system-namespaces.ts'
import { FRONT_PROXY_NAME } from '../../pki/pki.ts'
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from '../chain/flow-control/objects.ts'
import type { EndpointContext, WriteOptions } from '../endpoints/contract.ts'
import type { UserInfo } from '../request.ts'

export interface BootstrapOptions {
  /** Who writes; must be allowed everything. */
  readonly user: UserInfo
  /** Told to machines that want to join; absent = nobody is to join. */
  readonly clusterInfo?: ClusterInfo
  /** There may be other API servers: one that is named for the same cluster stays, as long as it lives (see `peers/`). */
  readonly hasPeers?: boolean
  readonly network: {
    readonly kubernetesServiceIP: string
    /** One in each of the Services' ranges. */
    readonly clusterDNSs: readonly string[]
    /** CIDRs of the Services' addresses, one for each family, the primary one's first. */
    readonly serviceCIDRs: readonly string[]
  }
  /** What the cluster keeps of its ranges. */
  readonly keptRanges?: Draft<ConfigMap>
  /** PEM: authorities of clients, and of this server when it speaks for them. */
  readonly authorities?: { readonly clients: string; readonly frontProxy: string }
}

/**
 * How extension API servers tell who asks them.
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
 */
const authenticationConfig = ({
  clients,
  frontProxy,
}: NonNullable<BootstrapOptions['authorities']>): Draft<ConfigMap> => ({
  metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
  data: {
    'client-ca-file': clients,
    'requestheader-client-ca-file': frontProxy,
    'requestheader-allowed-names': JSON.stringify([FRONT_PROXY_NAME]),
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  },
})

const PRIORITY_CLASSES: readonly Draft<PriorityClass>[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: SYSTEM_CRITICAL,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
]

/** Folders on the nodes' own disks, so that claims work from the first minute. */
const LOCAL_PATH: Draft<StorageClass> = {
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: LOCAL_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
}

const KUBERNETES_LABELS = { component: 'apiserver', provider: 'kubernetes' }

const kubernetesService = (clusterIP: string): Draft<Service> => ({
  metadata: { name: 'kubernetes', namespace: 'default', labels: KUBERNETES_LABELS },
  spec: {
    type: 'ClusterIP',
    clusterIP,
    clusterIPs: [clusterIP],
    ipFamilies: [familyOf(clusterIP)],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', port: 443, targetPort: 443, protocol: 'TCP' }],
  },
})

/** @param clusterIPs one of each of the cluster's families, the main one first */
const dnsService = (clusterIPs: readonly string[]): Draft<Service> => ({
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS', 'kubernetes.io/cluster-service': 'true' },
  },
  // Every node's agent answers on this address itself, hence no selector and no endpoints.
  spec: {
    type: 'ClusterIP',
    clusterIP: clusterIPs[0] ?? '',
    clusterIPs: [...clusterIPs],
    ...(clusterIPs.length > 1 && { ipFamilyPolicy: 'PreferDualStack', ipFamilies: clusterIPs.map(familyOf) }),
    ports: [
      { name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, targetPort: 53, protocol: 'TCP' },
    ],
  },
})

/** Resolves when everything is in place; cheap when it was already. */
export async function bootstrapCluster(context: EndpointContext, options: BootstrapOptions): Promise<void> {
  const { user, network } = options
  const by: WriteOptions = { user, fieldManager: 'kube-apiserver' }
  const find = <T extends KubeObject>(type: ResourceType<T>) =>
    context.resources.byUrl(type.group, type.version, type.plural)

  async function ensure<T extends KubeObject>(
    type: ResourceType<T>,
    draft: Draft<T>,
    follow?: readonly (keyof Draft<T>)[],
  ): Promise<void> {
    const resource = find(type)
    if (!resource) return
    const { name = '', namespace = '' } = draft.metadata
    const stored = context.find(resource, { namespace, name })?.object
    if (!stored) {
      const object = structuredClone({
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        ...draft,
      }) as unknown as AnyObject
      await context.create(resource, namespace, object, by).catch((error: unknown) => {
        // Of a Service that another server has made meanwhile, the address is taken.
        if (!isAlreadyExists(error) && !context.find(resource, { namespace, name })) throw error
      })
      return
    }
    const differs = (field: keyof Draft<T>) => !deepEqual(stored[field as string], draft[field])
    if (!follow?.some(differs)) return
    const fields = Object.fromEntries(follow.map(field => [field, structuredClone(draft[field])]))
    await context.change(resource, { namespace, name }, copy => void Object.assign(copy, fields), by)
  }

  /** The signatures beside it are the bootstrap signer's. */
  async function ensureClusterInfo(info: ClusterInfo): Promise<void> {
    const draft = clusterInfo(info)
    await ensure(ConfigMap, draft)
    const resource = find(ConfigMap)
    const { namespace, name } = draft.metadata
    const stored = resource && context.find(resource, { namespace, name })?.object
    const { kubeconfig = '' } = (stored as ConfigMap | undefined)?.data ?? {}
    if (!resource || kubeconfig === draft.data.kubeconfig) return
    if (options.hasPeers && isSameCluster(kubeconfig, info)) return
    await context.change(resource, { namespace, name }, copy => void Object.assign(copy, { data: draft.data }), by)
  }

  /** A second family may come later; ranges that are there stay. */
  async function ensureRanges(cidrs: string[]): Promise<void> {
    const resource = find(ServiceCIDR)
    const stored = resource && context.find(resource, { namespace: '', name: 'kubernetes' })?.object
    const known = (stored as ServiceCIDR | undefined)?.spec.cidrs ?? []
    const isAdded = known.length === 1 && cidrs.length === 2 && known[0] === cidrs[0]
    await ensure(ServiceCIDR, { metadata: { name: 'kubernetes' }, spec: { cidrs } }, isAdded ? ['spec'] : [])
  }

  await Promise.all(SYSTEM_NAMESPACES.map(name => ensure(Namespace, { metadata: { name }, spec: {} })))
  // Before anything has an address of them.
  if (options.keptRanges) await ensure(ConfigMap, options.keptRanges, ['data'])
  await Promise.all([
    reconcilePolicy(context, by),
    ...PRIORITY_LEVELS.map(level => ensure(PriorityLevelConfiguration, level)),
    ...FLOW_SCHEMAS.map(schema => ensure(FlowSchema, schema)),
    ...PRIORITY_CLASSES.map(priorityClass => ensure(PriorityClass, priorityClass)),
    ensure(StorageClass, LOCAL_PATH),
    ensure(ConfigMap, { metadata: TRACKING, data: { since: dayOf(context.clock.now()) } }),
    ensureRanges([...network.serviceCIDRs]),
    ...(options.clusterInfo ? [ensureClusterInfo(options.clusterInfo)] : []),
    ensure(Service, kubernetesService(network.kubernetesServiceIP)),
    ...(network.clusterDNSs.length > 0 ? [ensure(Service, dnsService(network.clusterDNSs))] : []),
    ...(options.authorities ? [ensure(ConfigMap, authenticationConfig(options.authorities), ['data'])] : []),
  ])
}
