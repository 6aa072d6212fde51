// The roles and bindings that every cluster starts with, under upstream's names. They are put back at every start:
// missing rules and subjects are added, what an admin added stays.
// @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type Subject,
} from '../../../shared/api/rbac/v1.ts'
import { GATEWAY_GROUP } from '../../../shared/api/gateway/v1.ts'
import { GATEWAY_CLASS_CRD } from '../../../shared/machinery/gateway/ours.ts'
import { API_SERVERS } from '../../../shared/machinery/api-servers.ts'
import type { Draft, KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { controllerRules } from './controller-policy.ts'
import { EVENTS, READ, rule, urls } from './policy-rule.ts'

const WRITE = 'create delete deletecollection patch update'

const viewRules: PolicyRule[] = [
  rule(READ, 'core', 'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status'),
  rule(READ, 'core events.k8s.io', 'events'),
  rule(READ, 'core', 'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status namespaces'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(READ, 'apps', 'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status'),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(READ, 'extensions', 'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale'),
  rule(READ, 'metrics.k8s.io', 'pods nodes'),
  rule(READ, 'usage.flotilla.dev', 'podusages nodeusages'),
  rule(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
] // prettier-ignore

const editRules: PolicyRule[] = [
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(WRITE, 'core events.k8s.io', 'events'),
  rule(WRITE, 'core', 'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(WRITE, 'apps', 'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale'),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(WRITE, 'extensions', 'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale'),
  rule(`${READ} ${WRITE}`, 'coordination.k8s.io', 'leases'),
  rule(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
] // prettier-ignore

const adminRules: PolicyRule[] = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(`${READ} ${WRITE}`, 'rbac.authorization.k8s.io', 'roles rolebindings'),
]

/** Everything that the kubelet and the node's proxy need, besides what the Node authorizer allows per node. */
export const nodeRules: readonly PolicyRule[] = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(READ, 'core', 'services'),
  rule('create get list watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes nodes/status'),
  rule('delete', 'core', 'nodes'),
  rule(READ, 'core', 'pods'),
  rule('create delete', 'core', 'pods'),
  rule('patch update', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule('get', 'core', 'configmaps secrets persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
  rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  rule(READ, 'storage.k8s.io', 'csidrivers volumeattachments'),
  rule(READ, 'node.k8s.io', 'runtimeclasses'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule('get', 'resource.k8s.io', 'resourceclaims'),
  rule('create delete get patch update', 'resource.k8s.io', 'resourceslices'),
  rule('create get', 'flotilla.dev', 'nodes/tunnel nodes/relay'),
  EVENTS,
]

const proxierRules: PolicyRule[] = [
  rule('list watch', 'core', 'services endpoints'),
  rule(READ, 'core', 'nodes'),
  rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  rule('list watch', 'networking.k8s.io', 'servicecidrs'),
  EVENTS,
]

/** The node's network: routes to the other nodes' pods, policies, whose selectors may match any pod, and the way in. */
const nodeNetworkRules: PolicyRule[] = [
  rule('list watch', 'core', 'nodes namespaces pods'),
  rule('list watch', 'networking.k8s.io', 'networkpolicies ingresses ingressclasses'),
  rule('list watch', GATEWAY_GROUP, 'gatewayclasses gateways httproutes referencegrants'),
  rule('list watch', 'apiextensions.k8s.io', 'customresourcedefinitions', GATEWAY_CLASS_CRD),
]

/** The folders of local volumes, which their node deletes; NodeRestriction narrows the writes to its own. */
const nodeVolumeRules: PolicyRule[] = [rule('list watch patch', 'core', 'persistentvolumes')]

const schedulerRules: PolicyRule[] = [
  EVENTS,
  rule('create get list patch update watch', 'coordination.k8s.io', 'leases'),
  rule(READ, 'core', 'nodes'),
  rule(`${READ} delete`, 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('update', 'core', 'pods/finalizers'),
  rule('patch update', 'core', 'pods/status'),
  rule(READ, 'core', 'replicationcontrollers services namespaces persistentvolumes'),
  rule(`${READ} patch update`, 'core', 'persistentvolumeclaims persistentvolumes'),
  rule(READ, 'apps', 'replicasets statefulsets'),
  rule(READ, 'policy', 'poddisruptionbudgets'),
  rule(READ, 'storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses volumeattachments'),
  rule(READ, 'scheduling.k8s.io', 'priorityclasses'),
  rule(`${READ} create delete patch update`, 'resource.k8s.io', 'resourceclaims'),
  rule(`${READ} patch update`, 'resource.k8s.io', 'resourceclaims/status'),
  rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
  rule(READ, 'resource.k8s.io', 'deviceclasses resourceslices'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
]

const controllerManagerRules: PolicyRule[] = [
  EVENTS,
  rule('create get list patch update watch', 'coordination.k8s.io', 'leases'),
  rule('create', 'core', 'secrets serviceaccounts serviceaccounts/token'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule('list watch', '*', '*'),
]

/** Whoever is bound to one may approve what its signer signs. */
const approverRoles = Object.fromEntries(
  ['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving', 'legacy-unknown'].map(signer => [
    `system:certificates.k8s.io:${signer}-approver`,
    [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)],
  ]),
)

const DISCOVERY = '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'

const clusterRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [rule('*', '*', '*'), urls('*', '*')],
  'system:discovery': [urls('get', DISCOVERY)],
  'system:monitoring': [urls('get', '/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz'), rule('get', 'core', 'nodes/metrics')],
  'system:basic-user': [
    rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ],
  // The history of an object is read and restored by whoever may do that to the object itself.
  'flotilla:history-user': [
    rule('get list', 'history.flotilla.dev', 'revisions revisions/diff clusterrevisions clusterrevisions/diff'),
    rule('create', 'history.flotilla.dev', 'revisions/restore clusterrevisions/restore'),
  ],
  // Questions to the scheduler are answered to whoever may see the pods and nodes that they are about.
  'flotilla:scheduling-user': [rule('create', 'scheduling.flotilla.dev', 'podexplanations whatifs')],
  'system:public-info-viewer': [urls('get', '/healthz /livez /readyz /version /version/')],
  'system:service-account-issuer-discovery': [urls('get', '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/')],
  // What a machine without SSH access from here joins with. The script holds nothing secret, as cluster-info does.
  'flotilla:join-script-viewer': [urls('get', '/flotilla/join/script')],
  'flotilla:join-files-viewer': [urls('get', '/flotilla/join/agent /flotilla/join/name/* /flotilla/join/runtime/*')],
  'system:aggregate-to-view': viewRules,
  'system:aggregate-to-edit': editRules,
  'system:aggregate-to-admin': adminRules,
  'system:heapster': [rule(READ, 'core', 'events namespaces nodes pods'), rule(READ, 'apps', 'deployments')],
  'system:node': nodeRules,
  'system:node-proxier': proxierRules,
  'flotilla:node-network': nodeNetworkRules,
  'flotilla:node-volumes': nodeVolumeRules,
  'system:node-problem-detector': [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), EVENTS],
  'system:kubelet-api-admin': [rule(READ, 'core', 'nodes'), rule('proxy', 'core', 'nodes'), rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats nodes/configz nodes/healthz nodes/pods')],
  'system:node-bootstrapper': [rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')],
  'system:auth-delegator': [rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews')],
  'system:kube-scheduler': schedulerRules,
  'system:volume-scheduler': [rule(`${READ} patch update`, 'core', 'persistentvolumes persistentvolumeclaims'), rule(READ, 'storage.k8s.io', 'storageclasses')],
  'system:kube-controller-manager': controllerManagerRules,
  'system:kube-dns': [rule('list watch', 'core', 'endpoints services')],
  'system:persistent-volume-provisioner': [
    rule(`${READ} create delete`, 'core', 'persistentvolumes'),
    rule(`${READ} update`, 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule('watch', 'core', 'events'),
    EVENTS,
  ],
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  'flotilla:certificatesigningrequests:selfnodeserver': [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeserver')],
  ...approverRoles,
  'system:kube-aggregator': [rule(READ, 'core', 'endpoints services')],
  'kubeadm:get-nodes': [rule('get', 'core', 'nodes')],
} // prettier-ignore

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-'
/** Roles whose rules are those of every ClusterRole with the label. */
const aggregated: Readonly<Record<string, string>> = { admin: 'admin', edit: 'edit', view: 'view' }
/** Labels that let the aggregated roles find their parts (edit includes view, admin includes edit). */
const aggregationLabels: Readonly<Record<string, Record<string, string>>> = {
  view: { [`${AGGREGATE}edit`]: 'true' },
  edit: { [`${AGGREGATE}admin`]: 'true' },
  'system:aggregate-to-view': { [`${AGGREGATE}view`]: 'true' },
  'system:aggregate-to-edit': { [`${AGGREGATE}edit`]: 'true' },
  'system:aggregate-to-admin': { [`${AGGREGATE}admin`]: 'true' },
}
/** What the aggregation yields, so that the roles work before the controller runs. */
const aggregatedRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  view: viewRules,
  edit: [...editRules, ...viewRules],
  admin: [...adminRules, ...editRules, ...viewRules],
}

const user = (name: string): Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })

/** Binding → its role (the same name unless given) and subjects. */
const clusterRoleBindings: Readonly<Record<string, { role?: string; subjects: Subject[] }>> = {
  'cluster-admin': { subjects: [group('system:masters')] },
  'system:monitoring': { subjects: [group('system:monitoring')] },
  'system:discovery': { subjects: [group('system:authenticated')] },
  'system:basic-user': { subjects: [group('system:authenticated')] },
  'flotilla:history-user': { subjects: [group('system:authenticated')] },
  'flotilla:scheduling-user': { subjects: [group('system:authenticated')] },
  'system:public-info-viewer': { subjects: [group('system:authenticated'), group('system:unauthenticated')] },
  'flotilla:join-script-viewer': { subjects: [group('system:authenticated'), group('system:unauthenticated')] },
  'flotilla:join-files-viewer': { subjects: [group('system:bootstrappers')] },
  'system:service-account-issuer-discovery': { subjects: [group('system:serviceaccounts')] },
  'system:node-proxier': { subjects: [user('system:kube-proxy'), group('system:nodes')] },
  'flotilla:node-network': { subjects: [group('system:nodes')] },
  'flotilla:node-volumes': { subjects: [group('system:nodes')] },
  'system:kube-controller-manager': { subjects: [user('system:kube-controller-manager')] },
  'system:kube-scheduler': { subjects: [user('system:kube-scheduler')] },
  'system:volume-scheduler': { subjects: [user('system:kube-scheduler')] },
  'system:kube-dns': { subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'kube-dns' }] },
  'system:node': { subjects: [] },
  // A machine with a bootstrap token gets its first certificate, a node its next ones: names as kubeadm makes them.
  'kubeadm:kubelet-bootstrap': { role: 'system:node-bootstrapper', subjects: [group('system:bootstrappers')] },
  'kubeadm:get-nodes': { subjects: [group('system:bootstrappers')] },
  'kubeadm:node-autoapprove-bootstrap': { role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', subjects: [group('system:bootstrappers')] },
  'kubeadm:node-autoapprove-certificate-rotation': { role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', subjects: [group('system:nodes')] },
  'flotilla:node-autoapprove-serving': { role: 'flotilla:certificatesigningrequests:selfnodeserver', subjects: [group('system:nodes')] },
} // prettier-ignore

type RbacObject = Draft<KubeObject> & Record<string, unknown>
export interface BootstrapObject {
  readonly type: ResourceType<KubeObject>
  readonly namespace: string
  readonly object: RbacObject
}

const BOOTSTRAP_LABEL = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  labels: { ...BOOTSTRAP_LABEL, ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
})

function clusterRole(name: string, rules: readonly PolicyRule[]): BootstrapObject {
  const selector = aggregated[name]
  return {
    type: ClusterRole,
    namespace: '',
    object: {
      metadata: meta(name, aggregationLabels[name]),
      ...(selector
        ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE + selector]: 'true' } }] } }
        : {}),
      rules,
    },
  }
}

const roleRef = (kind: 'Role' | 'ClusterRole', name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })

const account = (name: string): Subject => ({ kind: 'ServiceAccount', namespace: 'kube-system', name })

const LEADER_LOCKING = [rule(`${READ} create update`, 'coordination.k8s.io', 'leases leasecandidates')]

/** Namespaced roles, with the binding that hands each to its component. */
const namespaced: readonly {
  namespace: string
  name: string
  /** Undefined: as the role's name. */
  binding?: string
  rules: PolicyRule[]
  subjects: Subject[]
}[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    binding: 'system::extension-apiserver-authentication-reader',
    rules: [rule(READ, 'core', 'configmaps', 'extension-apiserver-authentication')],
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    rules: [rule(`${READ} delete`, 'core', 'secrets'), EVENTS],
    subjects: [account('token-cleaner')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    rules: [rule(READ, 'core', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    rules: [rule(READ, 'core', 'configmaps'), rule('patch update', 'core', 'configmaps', 'cluster-info'), EVENTS],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-public',
    name: 'kubeadm:bootstrap-signer-clusterinfo',
    rules: [rule('get', 'core', 'configmaps', 'cluster-info')],
    subjects: [user('system:anonymous')],
  },
  {
    namespace: API_SERVERS.namespace,
    name: 'flotilla:api-servers',
    rules: [rule(READ, 'core', 'configmaps', API_SERVERS.name)],
    subjects: [group('system:nodes')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:certificate-controller',
    rules: [rule('get patch', 'core', 'secrets')],
    subjects: [account('certificate-controller')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:host-controller',
    rules: [rule('create delete', 'core', 'secrets')],
    subjects: [account('host-controller')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: LEADER_LOCKING,
    subjects: [
      account('kube-controller-manager'),
      account('leader-election-controller'),
      user('system:kube-controller-manager'),
    ],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: LEADER_LOCKING,
    subjects: [account('kube-scheduler'), user('system:kube-scheduler')],
  },
]

/** Every role and binding of a fresh cluster, roles before the bindings that name them. */
export function bootstrapPolicy(): BootstrapObject[] {
  const controllers = Object.entries(controllerRules)
  const roles = [
    ...Object.entries(clusterRoles).map(([name, rules]) => clusterRole(name, rules)),
    ...Object.entries(aggregatedRules).map(([name, rules]) => clusterRole(name, rules)),
    ...controllers.map(([name, rules]) => clusterRole(`system:controller:${name}`, rules)),
  ]
  const bindings = [
    ...Object.entries(clusterRoleBindings).map(([name, { role, subjects }]) => ({
      name,
      role: role ?? name,
      subjects,
    })),
    ...controllers.map(([name]) => ({
      name: `system:controller:${name}`,
      role: `system:controller:${name}`,
      subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name }],
    })),
  ]
  return [
    ...roles,
    ...bindings.map(({ name, role, subjects }) => ({
      type: ClusterRoleBinding,
      namespace: '',
      object: { metadata: meta(name), roleRef: roleRef('ClusterRole', role), subjects },
    })),
    ...namespaced.map(({ namespace, name, rules }) => ({
      type: Role,
      namespace,
      object: { metadata: meta(name), rules },
    })),
    ...namespaced.map(({ namespace, name, binding, subjects }) => ({
      type: RoleBinding,
      namespace,
      object: { metadata: meta(binding ?? name), roleRef: roleRef('Role', name), subjects },
    })),
  ]
}
