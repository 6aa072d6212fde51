// What each controller may do: rules of `system:controller:<name>`, under upstream's names. Each controller acts as
// its own service account in kube-system, so a fault in one cannot reach what only another may touch.
import type { PolicyRule } from '../../../shared/api/rbac/v1.ts'
import { GATEWAY_GROUP } from '../../../shared/api/gateway/v1.ts'
import { TRACKING } from '../../../shared/machinery/legacy-token.ts'
import { EVENTS, READ, rule } from './policy-rule.ts'

const PODS = rule('create delete get list patch update watch', 'core', 'pods')
const REVISIONS = rule('create delete get list patch update watch', 'apps', 'controllerrevisions')

/** Controller (service account) → its rules. */
export const controllerRules: Readonly<Record<string, PolicyRule[]>> = {
  'attachdetach-controller': [
    rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
    rule(READ, 'core', 'nodes pods'),
    rule('patch update', 'core', 'nodes/status'),
    rule(`${READ} create delete`, 'storage.k8s.io', 'volumeattachments'),
    rule(READ, 'storage.k8s.io', 'csidrivers csinodes'),
    EVENTS,
  ],
  'clusterrole-aggregation-controller': [
    rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
  ],
  'cronjob-controller': [
    rule('get list update watch', 'batch', 'cronjobs'),
    rule('create delete get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'cronjobs/finalizers cronjobs/status'),
    rule('delete list', 'core', 'pods'),
    EVENTS,
  ],
  'daemon-set-controller': [
    rule(READ, 'apps', 'daemonsets'),
    rule('update patch', 'apps', 'daemonsets/finalizers daemonsets/status'),
    rule(READ, 'core', 'nodes'),
    PODS,
    rule('create', 'core', 'pods/binding'),
    REVISIONS,
    EVENTS,
  ],
  'deployment-controller': [
    rule('get list update patch watch', 'apps', 'deployments'),
    rule('update patch', 'apps', 'deployments/finalizers deployments/status'),
    rule('create delete get list patch update watch', 'apps', 'replicasets'),
    rule('get list update watch', 'core', 'pods'),
    EVENTS,
  ],
  'deployment-auto-rollback': [
    rule(`${READ} update`, 'apps', 'deployments'),
    rule('patch', 'apps', 'deployments/status'),
    rule(`${READ} patch`, 'apps', 'replicasets'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  'device-taint-eviction-controller': [
    rule(`${READ} delete`, 'core', 'pods'),
    rule('update patch', 'core', 'pods/status'),
    rule(READ, 'resource.k8s.io', 'deviceclasses resourceclaims resourceslices'),
    EVENTS,
  ],
  'disruption-controller': [
    rule(READ, 'apps', 'deployments replicasets statefulsets'),
    rule(READ, 'core', 'pods replicationcontrollers'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule('update patch', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    EVENTS,
  ],
  'endpoint-controller': [
    rule(READ, 'core', 'pods services'),
    rule('create delete get list patch update watch', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    EVENTS,
  ],
  'endpointslice-controller': [
    rule(READ, 'core', 'nodes pods services'),
    rule('update', 'core', 'services/finalizers'),
    rule('create delete get list patch update watch', 'discovery.k8s.io', 'endpointslices'),
    rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    EVENTS,
  ],
  'endpointslicemirroring-controller': [
    rule(READ, 'core', 'endpoints services'),
    rule('update', 'core', 'services/finalizers endpoints/finalizers'),
    rule('create delete get list patch update watch', 'discovery.k8s.io', 'endpointslices'),
    rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    EVENTS,
  ],
  'ephemeral-volume-controller': [
    rule('update', 'core', 'pods/finalizers'),
    rule(READ, 'core', 'pods'),
    rule(`${READ} create`, 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'expand-controller': [
    rule(`${READ} patch update`, 'core', 'persistentvolumes'),
    rule('patch update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    EVENTS,
  ],
  'generic-garbage-collector': [rule('delete get list patch update watch', '*', '*'), EVENTS],
  // Carries out what is asked for hosts; its bootstrap tokens are in a Role of kube-system.
  'host-controller': [
    rule(`${READ} patch update delete`, 'flotilla.dev', 'hosts hostoperations'),
    rule('patch update', 'flotilla.dev', 'hosts/status hostoperations/status'),
    rule('create patch', 'flotilla.dev', 'certificaterevocations'),
    rule(`${READ} patch delete`, 'core', 'nodes'),
    rule('get list', 'core', 'pods'),
    rule('create', 'core', 'pods/eviction nodes/proxy'),
    rule('get', 'coordination.k8s.io', 'leases'),
    EVENTS,
  ],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule('update patch', 'autoscaling', 'horizontalpodautoscalers/status'),
    rule('get update patch', '*', '*/scale'),
    rule('list', 'core', 'pods'),
    rule('list', 'metrics.k8s.io', 'pods'),
    rule('get list', 'custom.metrics.k8s.io external.metrics.k8s.io', '*'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  'gateway-controller': [
    rule(READ, 'core', 'nodes services secrets namespaces'),
    rule(READ, 'networking.k8s.io', 'ingressclasses'),
    rule(READ, 'apiextensions.k8s.io', 'customresourcedefinitions'),
    rule(READ, GATEWAY_GROUP, 'gatewayclasses gateways httproutes referencegrants'),
    rule('patch update', GATEWAY_GROUP, 'gatewayclasses/status gateways/status httproutes/status'),
    EVENTS,
  ],
  'ingress-controller': [
    rule(READ, 'core', 'nodes'),
    rule(READ, 'networking.k8s.io', 'ingresses ingressclasses'),
    rule('patch update', 'networking.k8s.io', 'ingresses/status'),
    EVENTS,
  ],
  'job-controller': [
    rule('get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'jobs/finalizers jobs/status'),
    PODS,
    EVENTS,
  ],
  // Nodes are read for where they keep volumes.
  'local-path-provisioner': [
    rule('create delete get list patch update watch', 'core', 'persistentvolumes'),
    rule(`${READ} update`, 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'nodes'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    EVENTS,
  ],
  'namespace-controller': [
    rule(READ, 'core', 'namespaces'),
    rule('delete', 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    rule('delete deletecollection get list', '*', '*'),
  ],
  'node-controller': [
    rule(`${READ} delete patch update`, 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status pods/status'),
    rule(`${READ} delete`, 'core', 'pods'),
    rule(READ, 'coordination.k8s.io', 'leases'),
    rule(READ, 'networking.k8s.io', 'servicecidrs'),
    EVENTS,
  ],
  'persistent-volume-binder': [
    rule('create delete get list patch update watch', 'core', 'persistentvolumes'),
    rule('patch update', 'core', 'persistentvolumes/status persistentvolumeclaims/status'),
    rule(`${READ} patch update`, 'core', 'persistentvolumeclaims'),
    rule('create delete get list watch', 'core', 'pods'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule(READ, 'core', 'nodes'),
    EVENTS,
  ],
  'pod-garbage-collector': [
    rule('delete get list watch', 'core', 'pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch update', 'core', 'pods/status'),
  ],
  'pv-protection-controller': [rule(`${READ} patch update`, 'core', 'persistentvolumes'), EVENTS],
  'pvc-protection-controller': [
    rule(`${READ} patch update`, 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  'volumeattributesclass-protection-controller': [
    rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
    rule(`${READ} update`, 'storage.k8s.io', 'volumeattributesclasses'),
    EVENTS,
  ],
  'replicaset-controller': [
    rule('get list update patch watch', 'apps', 'replicasets'),
    rule('update patch', 'apps', 'replicasets/finalizers replicasets/status'),
    PODS,
    EVENTS,
  ],
  'replication-controller': [
    rule('get list update patch watch', 'core', 'replicationcontrollers'),
    rule('update patch', 'core', 'replicationcontrollers/finalizers replicationcontrollers/status'),
    PODS,
    EVENTS,
  ],
  'resourceclaim-controller': [
    rule('update', 'core', 'pods/finalizers'),
    rule(READ, 'core', 'pods'),
    rule(READ, 'resource.k8s.io', 'resourceclaimtemplates'),
    rule('create delete get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
    rule('patch update', 'core', 'pods/status'),
    rule('patch update', 'resource.k8s.io', 'resourceclaims/status resourceclaims/binding'),
    EVENTS,
  ],
  'resourcequota-controller': [
    rule('list watch', '*', '*'),
    rule('update patch', 'core', 'resourcequotas/status'),
    EVENTS,
  ],
  'root-ca-cert-publisher': [
    rule('create get list update patch watch', 'core', 'configmaps'),
    rule(READ, 'core', 'namespaces'),
    EVENTS,
  ],
  'service-account-controller': [
    rule('create get list watch', 'core', 'serviceaccounts'),
    rule(READ, 'core', 'namespaces'),
    EVENTS,
  ],
  'service-cidrs-controller': [
    rule(`${READ} patch update`, 'networking.k8s.io', 'servicecidrs'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'),
    rule(READ, 'networking.k8s.io', 'ipaddresses'),
    EVENTS,
  ],
  'service-ip-repair': [
    rule(READ, 'core', 'services'),
    rule(`${READ} create delete`, 'networking.k8s.io', 'ipaddresses'),
    EVENTS,
  ],
  'service-controller': [
    rule(READ, 'core', 'services nodes'),
    // Addresses are those of nodes with endpoints where traffic stays local.
    rule(READ, 'discovery.k8s.io', 'endpointslices'),
    rule('patch update', 'core', 'services services/status'),
    EVENTS,
  ],
  'statefulset-controller': [
    rule(READ, 'core', 'pods'),
    rule(`${READ} update patch`, 'apps', 'statefulsets'),
    rule('update patch', 'apps', 'statefulsets/finalizers statefulsets/status'),
    PODS,
    REVISIONS,
    rule('create delete get list patch update watch', 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'legacy-service-account-token-cleaner': [
    rule('get', 'core', 'configmaps', TRACKING.name),
    rule(READ, 'core', 'pods serviceaccounts'),
    rule(`${READ} delete patch`, 'core', 'secrets'),
  ],
  'tokens-controller': [
    rule(READ, 'core', 'serviceaccounts'),
    rule('create delete get list patch update watch', 'core', 'secrets'),
  ],
  'ttl-controller': [rule('list patch update watch', 'core', 'nodes'), EVENTS],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs'), EVENTS],
  'certificate-controller': [
    rule(`${READ} delete`, 'certificates.k8s.io', 'certificatesigningrequests'),
    rule(
      'update patch',
      'certificates.k8s.io',
      'certificatesigningrequests/approval certificatesigningrequests/status',
    ),
    rule('approve sign', 'certificates.k8s.io', 'signers'),
    rule('list', 'flotilla.dev', 'certificaterevocations'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    rule(READ, 'core', 'nodes'),
    EVENTS,
  ],
}
