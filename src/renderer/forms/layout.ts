// Which fields of a type stand in the form without being asked for, in which order. Types are shared by kinds, so a
// container looks alike in a Pod and in a CronJob. Types that are not named show what they require and what is set, those
// with few fields all of them.
import type { FieldSchema } from './schema.ts'

const FIRST: Readonly<Record<string, readonly string[]>> = {
  ObjectMeta: ['name', 'namespace', 'labels'],
  ConfigMap: ['metadata', 'data', 'immutable'],
  Secret: ['metadata', 'type', 'data', 'immutable'],
  DeploymentSpec: ['replicas', 'selector', 'strategy', 'template'],
  DeploymentStrategy: ['type'],
  StatefulSetSpec: ['replicas', 'serviceName', 'selector', 'template', 'volumeClaimTemplates'],
  DaemonSetSpec: ['selector', 'updateStrategy', 'template'],
  JobSpec: ['completions', 'parallelism', 'backoffLimit', 'ttlSecondsAfterFinished', 'template'],
  CronJobSpec: ['schedule', 'timeZone', 'concurrencyPolicy', 'suspend', 'jobTemplate'],
  JobTemplateSpec: ['spec'],
  PodTemplateSpec: ['metadata', 'spec'],
  PodSpec: [
    'containers',
    'initContainers',
    'volumes',
    'restartPolicy',
    'serviceAccountName',
    'nodeSelector',
    'tolerations',
  ],
  Container: [
    'name',
    'image',
    'command',
    'args',
    'ports',
    'env',
    'resources',
    'volumeMounts',
    'readinessProbe',
    'livenessProbe',
  ],
  ContainerPort: ['containerPort', 'name', 'protocol'],
  EnvVar: ['name', 'value'],
  ResourceRequirements: ['requests', 'limits'],
  VolumeMount: ['name', 'mountPath', 'readOnly'],
  Volume: ['name'],
  Probe: ['httpGet', 'initialDelaySeconds', 'periodSeconds', 'failureThreshold'],
  HTTPGetAction: ['path', 'port'],
  LabelSelector: ['matchLabels'],
  ServiceSpec: ['type', 'selector', 'ports'],
  ServicePort: ['port', 'targetPort', 'protocol', 'name', 'nodePort'],
  IngressSpec: ['ingressClassName', 'rules', 'tls'],
  IngressRule: ['host', 'http'],
  HTTPIngressPath: ['path', 'pathType', 'backend'],
  IngressBackend: ['service'],
  IngressServiceBackend: ['name', 'port'],
  ServiceBackendPort: ['number', 'name'],
  IngressTLS: ['hosts', 'secretName'],
  PersistentVolumeClaimSpec: ['accessModes', 'resources', 'storageClassName'],
  VolumeResourceRequirements: ['requests'],
  HorizontalPodAutoscalerSpec: ['scaleTargetRef', 'minReplicas', 'maxReplicas', 'metrics'],
  CrossVersionObjectReference: ['apiVersion', 'kind', 'name'],
  ResourceMetricSource: ['name', 'target'],
  MetricSpec: ['type', 'resource'],
  MetricTarget: ['type', 'averageUtilization'],
  PodDisruptionBudgetSpec: ['selector', 'minAvailable', 'maxUnavailable'],
  NetworkPolicySpec: ['podSelector', 'policyTypes', 'ingress', 'egress'],
  NetworkPolicyIngressRule: ['from', 'ports'],
  NetworkPolicyEgressRule: ['to', 'ports'],
  NetworkPolicyPort: ['protocol', 'port'],
  PolicyRule: ['apiGroups', 'resources', 'verbs'],
  Role: ['metadata', 'rules'],
  ClusterRole: ['metadata', 'rules'],
  RoleBinding: ['metadata', 'roleRef', 'subjects'],
  ClusterRoleBinding: ['metadata', 'roleRef', 'subjects'],
  RoleRef: ['kind', 'name', 'apiGroup'],
  Subject: ['kind', 'name', 'namespace'],
  Namespace: ['metadata'],
}

const FEW = 6

/** Kept by the server, or said by the place that the form stands in. */
const HIDDEN = new Set([
  'ObjectMeta.creationTimestamp',
  'ObjectMeta.deletionGracePeriodSeconds',
  'ObjectMeta.deletionTimestamp',
  'ObjectMeta.generateName',
  'ObjectMeta.generation',
  'ObjectMeta.managedFields',
  'ObjectMeta.resourceVersion',
  'ObjectMeta.selfLink',
  'ObjectMeta.uid',
])
const HIDDEN_AT_TOP = new Set(['apiVersion', 'kind', 'status'])

/** Text that may have many lines. */
const LONG = new Set(['ConfigMap.data', 'Secret.data', 'Secret.stringData'])
export const isLong = (place: string): boolean => LONG.has(place)

/**
 * @param path of the object; the top level has none
 * @param set names of the fields that have a value
 * @returns what to show, and what can be added
 */
export function arrange(
  schema: FieldSchema,
  path: readonly unknown[],
  set: ReadonlySet<string>,
): { shown: readonly string[]; more: readonly string[] } {
  const visible = [...schema.fields.keys()].filter(
    name => !HIDDEN.has(`${schema.typeName}.${name}`) && !(path.length === 0 && HIDDEN_AT_TOP.has(name)),
  )
  // A pod inside of something else is named and placed by its owner.
  const inTemplate = schema.typeName === 'ObjectMeta' && path.length > 1
  const named = FIRST[schema.typeName] ?? (path.length > 0 && visible.length <= FEW ? visible : [])
  const first = (inTemplate ? ['labels'] : named).filter(name => visible.includes(name))
  const needed = inTemplate ? [] : [...schema.required]
  const atTop = path.length === 0 ? ['metadata', 'spec'] : []
  const shown = [...new Set([...first, ...atTop, ...needed, ...visible.filter(name => set.has(name))])].filter(name =>
    visible.includes(name),
  )
  return { shown, more: visible.filter(name => !shown.includes(name)).sort() }
}
