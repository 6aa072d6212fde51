// The smallest valid object of every kind.
const template = (labels: Record<string, string>, spec: Record<string, unknown> = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image: 'web:1' }], ...spec },
})
const app = { app: 'web' }
const workload = { spec: { selector: { matchLabels: app }, template: template(app) } }
const rbac = 'rbac.authorization.k8s.io'
const jobTemplate = { template: template(app, { restartPolicy: 'Never' }) }
const webhook = {
  name: 'check.example.com',
  clientConfig: { url: 'https://example.com/check' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
}
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const review = { resourceAttributes: { verb: 'get', resource: 'pods' } }

const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }

/** By schema id. */
const matchConstraints = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE'], resources: ['widgets'] }],
}

export const minimalObjects: Readonly<Record<string, Record<string, unknown>>> = {
  'core.v1.Binding': { target: { kind: 'Node', name: 'n1' } },
  'core.v1.ComponentStatus': {},
  'core.v1.ConfigMap': {},
  'core.v1.Endpoints': {},
  'core.v1.Event': { involvedObject: { kind: 'Node', name: 'n1' } },
  'core.v1.LimitRange': { spec: { limits: [] } },
  'core.v1.Namespace': {},
  'core.v1.Node': {},
  'core.v1.PersistentVolume': {
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' } },
  },
  'core.v1.PersistentVolumeClaim': { spec: claim },
  'core.v1.Pod': { spec: { containers: [{ name: 'web', image: 'web:1' }] } },
  'core.v1.PodTemplate': { template: template(app) },
  'core.v1.ReplicationController': { spec: { template: template(app) } },
  'core.v1.ResourceQuota': {},
  'core.v1.Secret': {},
  'core.v1.Service': { spec: { ports: [{ port: 80 }] } },
  'core.v1.ServiceAccount': {},
  'apps.v1.ControllerRevision': { data: {}, revision: 1 },
  'apps.v1.DaemonSet': workload,
  'apps.v1.Deployment': workload,
  'apps.v1.ReplicaSet': workload,
  'apps.v1.StatefulSet': workload,
  'batch.v1.Job': { spec: jobTemplate },
  'batch.v1.CronJob': { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: jobTemplate } } },
  'discovery.v1.EndpointSlice': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.2'] }],
    ports: [{ port: 80 }],
  },
  'coordination.v1.Lease': {},
  'events.v1.Event': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'Node', name: 'n1' },
    reportingController: 'example.com/reporter',
    reportingInstance: 'one',
    action: 'Test',
    reason: 'Tested',
    type: 'Normal',
  },
  'rbac.v1.Role': { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  'rbac.v1.ClusterRole': { rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] },
  'rbac.v1.RoleBinding': {
    roleRef: { kind: 'Role', name: 'r', apiGroup: rbac },
    subjects: [{ kind: 'User', name: 'u' }],
  },
  'rbac.v1.ClusterRoleBinding': {
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'Group', name: 'g' }],
  },
  'networking.v1.Ingress': { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
  'networking.v1.IngressClass': { spec: { controller: 'example.com/ingress' } },
  'networking.v1.IPAddress': { spec: { parentRef: { resource: 'services', name: 'web', namespace: 'default' } } },
  'networking.v1.NetworkPolicy': {},
  'networking.v1.ServiceCIDR': { spec: { cidrs: ['10.200.0.0/16'] } },
  'policy.v1.PodDisruptionBudget': { spec: { minAvailable: 1, selector: {} } },
  'scheduling.v1.PriorityClass': { value: 10 },
  'storage.v1.CSIDriver': {},
  'storage.v1.CSINode': {},
  'storage.v1.CSIStorageCapacity': { storageClassName: 'fast' },
  'storage.v1.StorageClass': { provisioner: 'example.com/disk' },
  'storage.v1.VolumeAttachment': {
    spec: { attacher: 'example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } },
  },
  'flotilla.v1.Host': { spec: { address: 'ada@box' } },
  'flotilla.v1.CertificateRevocation': { spec: { userName: 'ada', issuedBefore: '2026-01-01T00:00:00Z' } },
  'flotilla.v1.HostOperation': { spec: { hostName: 'box', action: 'Check' } },
  'storage.v1.VolumeAttributesClass': { driverName: 'example.com', parameters: { a: 'b' } },
  'autoscaling.v1.HorizontalPodAutoscaler': {
    spec: { maxReplicas: 3, scaleTargetRef: scaled, targetCPUUtilizationPercentage: 50 },
  },
  'autoscaling.v2.HorizontalPodAutoscaler': {
    spec: { maxReplicas: 3, scaleTargetRef: scaled },
  },
  'authentication.v1.TokenReview': { spec: { token: 't' } },
  'authentication.v1.SelfSubjectReview': {},
  'authorization.v1.LocalSubjectAccessReview': { spec: review },
  'authorization.v1.SelfSubjectAccessReview': { spec: review },
  'authorization.v1.SelfSubjectRulesReview': { spec: { namespace: 'default' } },
  'authorization.v1.SubjectAccessReview': { spec: review },
  'certificates.v1.CertificateSigningRequest': {
    spec: {
      request:
        'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1HOENBUUF3RFRFTE1Ba0dBMVVFQXd3Q2FtOHdXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQwpBQVFacjM0aHFiZStUNHBGMkV5emRudFJ5dU8wRFBuclltbFk5SlJGZWlDejN5RVc1UnhNOTkvRHBhNnZMVUNxCkhubllzOUxuR2lrUEhCVDFxeUovaUIrN29BQXdDZ1lJS29aSXpqMEVBd0lEU0FBd1JRSWhBTjdqZG84R1MxazIKU2JYTzhzbkZEWlNSa3p3d21oR29FemppS04wR3ZmV3lBaUFFL1VVWUdUTFpNMVdSVFVaaW5GbGhEaGNvRll1Qgo0aHNHZWlqRDJXdVZaZz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=',
      signerName: 'example.com/signer',
      usages: ['client auth'],
    },
  },
  'node.v1.RuntimeClass': { handler: 'runc' },
  'resource.v1.DeviceClass': {},
  'resource.v1.ResourceClaim': {},
  'resource.v1.ResourceClaimTemplate': { spec: { spec: {} } },
  'resource.v1.ResourceSlice': {
    spec: { driver: 'example.com', nodeName: 'n1', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
  },
  'flowcontrol.v1.FlowSchema': { spec: { priorityLevelConfiguration: { name: 'low' } } },
  'flowcontrol.v1.PriorityLevelConfiguration': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'admissionregistration.v1.MutatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.v1.ValidatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.v1.ValidatingAdmissionPolicy': {
    spec: { matchConstraints, validations: [{ expression: 'true' }] },
  },
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding': {
    spec: { policyName: 'p', validationActions: ['Deny'] },
  },
  'admissionregistration.v1.MutatingAdmissionPolicy': {
    spec: {
      matchConstraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/data"}]' } }],
    },
  },
  'admissionregistration.v1.MutatingAdmissionPolicyBinding': { spec: { policyName: 'p' } },
  'apiextensions.v1.CustomResourceDefinition': {
    metadata: { name: 'ships.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'apiregistration.v1.APIService': {
    metadata: { name: 'v1.aggregated.example.com' },
    spec: {
      group: 'aggregated.example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { namespace: 'default', name: 'api' },
    },
  },
}
