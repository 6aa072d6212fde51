// What matters of kinds that have no details of their own, as names and values: one reading per kind.
import type { DaemonSet, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import type { HorizontalPodAutoscaler, MetricSpec } from '../../shared/api/autoscaling/v2.ts'
import type { CronJob, Job } from '../../shared/api/batch/v1.ts'
import type {
  Event,
  LimitRange,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
} from '../../shared/api/core/v1.ts'
import type { Ingress, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../shared/api/networking/v1.ts'
import type { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import type { StorageClass } from '../../shared/api/storage/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'

export type Fact = readonly [name: string, value: string | number | undefined]

const lines = (values: readonly (string | undefined)[]) => values.filter(Boolean).join('\n')
const seconds = (value: number | undefined) => (value === undefined ? undefined : `${value} s`)
const selectorText = (selector: Parameters<typeof fromLabelSelector>[0]) =>
  fromLabelSelector(selector).format() || 'all pods'

const workload = ({ spec }: ReplicaSet | StatefulSet | DaemonSet): Fact[] => [
  ['Images', lines(spec.template?.spec?.containers.map(({ image }) => image) ?? [])],
  ['Selector', selectorText(spec.selector)],
]

function metricText({ type, resource, containerResource, pods, object, external }: MetricSpec): string {
  const target = (resource ?? containerResource ?? pods ?? object ?? external)?.target
  const name = resource?.name ?? containerResource?.name ?? (pods ?? object ?? external)?.metric.name ?? type
  const wanted =
    target?.averageUtilization === undefined ? (target?.averageValue ?? target?.value) : `${target.averageUtilization}%`
  return `${name} at ${wanted ?? '?'}`
}

function currentText({
  resource,
  containerResource,
}: NonNullable<HorizontalPodAutoscaler['status']['currentMetrics']>[number]) {
  const metric = resource ?? containerResource
  const { averageUtilization, averageValue } = metric?.current ?? {}
  return (
    metric && `${metric.name} ${averageUtilization === undefined ? (averageValue ?? '?') : `${averageUtilization}%`}`
  )
}

const peerText = ({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer) => {
  if (ipBlock) return `${ipBlock.cidr}${ipBlock.except?.length ? ` except ${ipBlock.except.join(', ')}` : ''}`
  const pods = podSelector ? selectorText(podSelector) : 'all pods'
  if (!namespaceSelector) return `${pods} here`
  const namespaces = fromLabelSelector(namespaceSelector).format()
  return `${pods} in ${namespaces ? `namespaces ${namespaces}` : 'all namespaces'}`
}
const portText = ({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort) =>
  `${protocol} ${port ?? 'any'}${endPort === undefined ? '' : `–${endPort}`}`

function ruleText(
  peers: readonly NetworkPolicyPeer[] | undefined,
  ports: readonly NetworkPolicyPort[] | undefined,
): string {
  const who = peers?.length ? peers.map(peerText).join(' or ') : 'anything'
  return ports?.length ? `${who}, on ${ports.map(portText).join(', ')}` : who
}

const pairs = (record: Readonly<Record<string, unknown>> | undefined) =>
  lines(Object.entries(record ?? {}).map(([name, value]) => `${name} ${String(value)}`))

const readings: Readonly<Record<string, (object: never) => Fact[]>> = {
  ReplicaSet: (set: ReplicaSet) => [
    ['Replicas', `${set.status.readyReplicas ?? 0} ready of ${set.spec.replicas ?? 1}`],
    ...workload(set),
  ],
  StatefulSet: (set: StatefulSet) => [
    ['Replicas', `${set.status.readyReplicas ?? 0} ready of ${set.spec.replicas ?? 1}`],
    ['Service', set.spec.serviceName],
    ['Order', set.spec.podManagementPolicy],
    [
      'Update',
      lines([
        set.spec.updateStrategy?.type,
        set.spec.updateStrategy?.rollingUpdate?.partition
          ? `from ordinal ${set.spec.updateStrategy.rollingUpdate.partition}`
          : undefined,
      ]),
    ],
    [
      'Volume claims',
      lines(
        (set.spec.volumeClaimTemplates ?? []).map(
          ({ metadata, spec }) => `${metadata?.name ?? ''} ${String(spec.resources?.requests?.storage ?? '')}`,
        ),
      ),
    ],
    ...workload(set),
  ],
  DaemonSet: (set: DaemonSet) => [
    ['Nodes', `${set.status.numberReady} ready of ${set.status.desiredNumberScheduled}`],
    ['Up to date', set.status.updatedNumberScheduled],
    ['Where it should not be', set.status.numberMisscheduled || undefined],
    ['Update', set.spec.updateStrategy?.type],
    ...workload(set),
  ],
  Job: ({ spec, status }: Job) => [
    ['Completions', `${status.succeeded ?? 0} of ${spec.completions ?? 1}`],
    ['At once', spec.parallelism],
    ['Active', status.active],
    ['Failed', status.failed ? `${status.failed}, gives up after ${spec.backoffLimit ?? 6}` : undefined],
    ['Deadline', seconds(spec.activeDeadlineSeconds)],
    ['Started', status.startTime],
    ['Ended', status.completionTime],
    ['Images', lines(spec.template.spec?.containers.map(({ image }) => image) ?? [])],
  ],
  CronJob: ({ spec, status }: CronJob) => [
    ['Schedule', spec.schedule],
    ['Time zone', spec.timeZone ?? 'of the control plane'],
    [
      'When the last still runs',
      { Allow: 'run beside it', Forbid: 'skip', Replace: 'replace it' }[spec.concurrencyPolicy ?? 'Allow'],
    ],
    ['Last run', status.lastScheduleTime],
    ['Last success', status.lastSuccessfulTime],
    ['Kept', `${spec.successfulJobsHistoryLimit ?? 3} successful, ${spec.failedJobsHistoryLimit ?? 1} failed`],
    ['Images', lines(spec.jobTemplate.spec?.template.spec?.containers.map(({ image }) => image) ?? [])],
  ],
  Ingress: ({ spec, status }: Ingress) => [
    ['Class', spec.ingressClassName ?? 'the default one'],
    ['Addresses', lines((status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname))],
    [
      'TLS',
      lines(
        (spec.tls ?? []).map(
          ({ hosts, secretName }) => `${(hosts ?? ['any host']).join(', ')} by ${secretName ?? '–'}`,
        ),
      ),
    ],
    [
      'Rules',
      lines(
        (spec.rules ?? []).flatMap(({ host = '*', http }) =>
          (http?.paths ?? []).map(
            ({ path = '/', pathType, backend: { service } }) =>
              `${host}${path} (${pathType}) → ${service?.name ?? 'a resource'}:${service?.port?.number ?? service?.port?.name ?? ''}`,
          ),
        ),
      ),
    ],
    ['Else', spec.defaultBackend?.service?.name],
  ],
  NetworkPolicy: ({ spec }: NetworkPolicy) => [
    ['Applies to', selectorText(spec.podSelector)],
    ['Limits', (spec.policyTypes ?? ['Ingress']).join(' and ')],
    [
      'Allowed in',
      (spec.policyTypes ?? ['Ingress']).includes('Ingress')
        ? lines((spec.ingress ?? []).map(({ from, ports }) => ruleText(from, ports))) || 'nothing'
        : undefined,
    ],
    [
      'Allowed out',
      spec.policyTypes?.includes('Egress')
        ? lines((spec.egress ?? []).map(({ to, ports }) => ruleText(to, ports))) || 'nothing'
        : undefined,
    ],
  ],
  HorizontalPodAutoscaler: ({ spec, status }: HorizontalPodAutoscaler) => [
    ['Scales', `${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`],
    [
      'Replicas',
      `${status.currentReplicas ?? 0} now, ${status.desiredReplicas ?? 0} wanted, between ${spec.minReplicas ?? 1} and ${spec.maxReplicas}`,
    ],
    ['Aims at', lines((spec.metrics ?? []).map(metricText))],
    ['Measured', lines((status.currentMetrics ?? []).map(currentText))],
    ['Last scaled', status.lastScaleTime],
  ],
  PodDisruptionBudget: ({ spec, status }: PodDisruptionBudget) => [
    [
      'Keeps',
      spec.minAvailable === undefined
        ? `at most ${spec.maxUnavailable ?? 0} away`
        : `at least ${spec.minAvailable} there`,
    ],
    ['May be evicted now', status.disruptionsAllowed],
    ['Healthy', `${status.currentHealthy ?? 0} of ${status.expectedPods ?? 0}, needs ${status.desiredHealthy ?? 0}`],
    ['Selector', selectorText(spec.selector)],
  ],
  PersistentVolumeClaim: ({ spec, status }: PersistentVolumeClaim) => [
    ['Asks for', spec.resources?.requests?.storage],
    ['Has', status.capacity?.storage],
    ['Access', (spec.accessModes ?? []).join(', ')],
    ['Mode', spec.volumeMode],
  ],
  PersistentVolume: ({ spec }: PersistentVolume) => [
    ['Capacity', spec.capacity?.storage],
    ['Access', (spec.accessModes ?? []).join(', ')],
    ['When released', spec.persistentVolumeReclaimPolicy],
    ['At', spec.local?.path ?? spec.hostPath?.path ?? spec.nfs?.path],
  ],
  StorageClass: (storage: StorageClass) => [
    ['Provisioner', storage.provisioner],
    ['When released', storage.reclaimPolicy],
    ['Volumes are made', storage.volumeBindingMode === 'WaitForFirstConsumer' ? 'when a pod uses them' : 'at once'],
    ['Can grow', storage.allowVolumeExpansion ? 'yes' : 'no'],
    ['Parameters', pairs(storage.parameters)],
  ],
  ResourceQuota: ({ spec, status }: ResourceQuota) => [
    ...Object.entries(spec.hard ?? {}).map(([name, hard]): Fact => [name, `${status.used?.[name] ?? 0} of ${hard}`]),
    ['Scopes', spec.scopes?.join(', ')],
  ],
  LimitRange: ({ spec }: LimitRange) =>
    spec.limits.flatMap(({ type, ...limits }): Fact[] =>
      Object.entries(limits).map(([name, amounts]) => [`${type} ${name}`, pairs(amounts as Record<string, unknown>)]),
    ),
  Event: (event: Event) => [
    ['Reason', event.reason],
    ['Message', event.message],
    ['Told by', event.reportingComponent || event.source?.component],
    ['Count', event.series?.count ?? event.count],
  ],
}

/** @returns undefined for kinds that nothing more is known of */
export function kindFacts(object: AnyObject): readonly Fact[] | undefined {
  const read = readings[object.kind] as ((object: KubeObject) => Fact[]) | undefined
  return read?.(object)
}
