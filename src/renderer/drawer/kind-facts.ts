// What matters of kinds that have no details of their own, as names and values: one reading per kind.
import type { DaemonSet, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import type { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import type { CronJob, Job } from '../../shared/api/batch/v1.ts'
import type {
  Event,
  LimitRange,
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  ResourceQuota,
  Secret,
} from '../../shared/api/core/v1.ts'
import type {
  Ingress,
  IngressBackend,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../shared/api/networking/v1.ts'
import type { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import type { StorageClass } from '../../shared/api/storage/v1.ts'
import { parseCronSchedule } from '../../shared/machinery/cron-schedule.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'
import { formatDateTime, t } from '../i18n/i18n.ts'
import { type Fact, lines, seconds, timeText } from './fact.ts'
import { aimText, measuredText } from './metric-text.ts'
import { plainFacts } from './plain-facts.ts'
import { eventMessage, eventReason } from '../kinds/event-facts.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { systemReadings } from './system-facts.ts'

const selectorText = (selector: Parameters<typeof fromLabelSelector>[0]) =>
  fromLabelSelector(selector).format() || t('all pods')

const workload = ({ spec }: { readonly spec: Pick<ReplicaSet['spec'], 'selector' | 'template'> }): Fact[] => [
  [t('Images'), lines(spec.template?.spec?.containers.map(({ image }) => image) ?? [])],
  [t('Selector'), selectorText(spec.selector)],
]
const replicas = ({ spec, status }: ReplicaSet | ReplicationController | StatefulSet): Fact => [
  t('Replicas'),
  t('{ready} ready of {all}', { ready: status.readyReplicas ?? 0, all: spec.replicas ?? 1 }),
]

/** Undefined where nobody here knows it: without a time zone it goes by the clock of the control plane. */
function nextRun({ metadata, spec, status }: CronJob): string | undefined {
  if (spec.suspend || !(spec.timeZone || useClusterStore().isOurs)) return undefined
  const lastMs = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp)
  try {
    const nextMs = parseCronSchedule(spec.schedule, spec.timeZone, lastMs).next(Date.now())
    return nextMs === undefined ? undefined : formatDateTime(nextMs)
  } catch {
    // A schedule of another cluster that only its own server reads.
    return undefined
  }
}

const backendText = ({ service }: IngressBackend) =>
  service ? `${service.name}:${service.port?.number ?? service.port?.name ?? ''}` : t('a resource')

/** Named alone, or told apart by their values. */
const scopes = ({ scopes, scopeSelector }: ResourceQuota['spec']): string => {
  const told = (scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values }) =>
    fromLabelSelector({ matchExpressions: [{ key: scopeName, operator, ...(values ? { values } : {}) }] }).format(),
  )
  return [...(scopes ?? []), ...told].join(', ')
}

const peerText = ({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer) => {
  if (ipBlock)
    return `${ipBlock.cidr}${ipBlock.except?.length ? ` ${t('except {list}', { list: ipBlock.except.join(', ') })}` : ''}`
  const pods = podSelector ? selectorText(podSelector) : t('all pods')
  if (!namespaceSelector) return t('{pods} here', { pods })
  const namespaces = fromLabelSelector(namespaceSelector).format()
  return t('{pods} in {places}', {
    pods,
    places: namespaces ? t('namespaces {namespaces}', { namespaces }) : t('all namespaces'),
  })
}
const portText = ({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort) =>
  `${protocol} ${port ?? t('any')}${endPort === undefined ? '' : `–${endPort}`}`

function ruleText(
  peers: readonly NetworkPolicyPeer[] | undefined,
  ports: readonly NetworkPolicyPort[] | undefined,
): string {
  const who = peers?.length ? peers.map(peerText).join(` ${t('or')} `) : t('anything')
  return ports?.length ? t('{who}, on {ports}', { who, ports: ports.map(portText).join(', ') }) : who
}

/** Of one expression: nodes are also chosen by more or less than a number. */
const expressionText = ({ key, operator, values = [] }: NodeSelectorRequirement) => {
  if (operator === 'In' && values.length === 1) return `${key}=${values[0]}`
  return [key, operator, values.join(', ')].filter(Boolean).join(' ')
}

const pairs = (record: Readonly<Record<string, unknown>> | undefined) =>
  lines(Object.entries(record ?? {}).map(([name, value]) => `${name} ${String(value)}`))

const readings: Readonly<Record<string, (object: never) => Fact[]>> = {
  ...systemReadings,
  ReplicaSet: (set: ReplicaSet) => [replicas(set), ...workload(set)],
  ReplicationController: (set: ReplicationController) => [
    replicas(set),
    ...workload({ ...set, spec: { ...set.spec, selector: { matchLabels: set.spec.selector ?? {} } } }),
  ],
  StatefulSet: (set: StatefulSet) => [
    replicas(set),
    [t('Service'), set.spec.serviceName],
    [t('Order'), set.spec.podManagementPolicy],
    [
      t('Update'),
      lines([
        set.spec.updateStrategy?.type,
        set.spec.updateStrategy?.rollingUpdate?.partition
          ? t('from ordinal {partition}', { partition: set.spec.updateStrategy.rollingUpdate.partition })
          : undefined,
      ]),
    ],
    [
      t('Volume claims'),
      lines(
        (set.spec.volumeClaimTemplates ?? []).map(
          ({ metadata, spec }) => `${metadata?.name ?? ''} ${String(spec.resources?.requests?.storage ?? '')}`,
        ),
      ),
    ],
    ...workload(set),
  ],
  DaemonSet: (set: DaemonSet) => [
    [
      t('Nodes'),
      t('{ready} ready of {all}', { ready: set.status.numberReady, all: set.status.desiredNumberScheduled }),
    ],
    [t('Up to date'), set.status.updatedNumberScheduled],
    [t('Where it should not be'), set.status.numberMisscheduled || undefined],
    [t('Update'), set.spec.updateStrategy?.type],
    ...workload(set),
  ],
  Job: ({ spec, status }: Job) => [
    [t('Completions'), t('{some} of {all}', { some: status.succeeded ?? 0, all: spec.completions ?? 1 })],
    [t('At once'), spec.parallelism],
    [t('Active'), status.active],
    [
      t('Failed'),
      status.failed
        ? t('{failed}, gives up after {backoffLimit}', { failed: status.failed, backoffLimit: spec.backoffLimit ?? 6 })
        : undefined,
    ],
    [t('Deadline'), seconds(spec.activeDeadlineSeconds)],
    [t('Started'), timeText(status.startTime)],
    [t('Ended'), timeText(status.completionTime)],
    [t('Images'), lines(spec.template.spec?.containers.map(({ image }) => image) ?? [])],
  ],
  CronJob: ({ spec, status, ...job }: CronJob) => [
    [t('Schedule'), spec.schedule],
    [t('Time zone'), spec.timeZone ?? t('of the control plane')],
    [
      t('When the last still runs'),
      { Allow: t('run beside it'), Forbid: t('skip'), Replace: t('replace it') }[spec.concurrencyPolicy ?? 'Allow'],
    ],
    [t('Next run'), nextRun({ spec, status, ...job })],
    [t('Last run'), timeText(status.lastScheduleTime)],
    [t('Last success'), timeText(status.lastSuccessfulTime)],
    [
      t('Kept'),
      t('{successful} successful, {failed} failed', {
        successful: spec.successfulJobsHistoryLimit ?? 3,
        failed: spec.failedJobsHistoryLimit ?? 1,
      }),
    ],
    [t('Images'), lines(spec.jobTemplate.spec?.template.spec?.containers.map(({ image }) => image) ?? [])],
  ],
  Ingress: ({ spec, status }: Ingress) => [
    [t('Class'), spec.ingressClassName ?? t('the default one')],
    [t('Addresses'), lines((status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname))],
    [
      'TLS',
      lines(
        (spec.tls ?? []).map(({ hosts, secretName }) =>
          t('{hosts} by {secretName}', { hosts: (hosts ?? [t('any host')]).join(', '), secretName: secretName ?? '–' }),
        ),
      ),
    ],
    [
      t('Rules'),
      lines(
        (spec.rules ?? []).flatMap(({ host = '*', http }) =>
          (http?.paths ?? []).map(
            ({ path = '/', pathType, backend }) => `${host}${path} (${pathType}) → ${backendText(backend)}`,
          ),
        ),
      ),
    ],
    [t('Else'), spec.defaultBackend && backendText(spec.defaultBackend)],
  ],
  NetworkPolicy: ({ spec }: NetworkPolicy) => [
    [t('Applies to'), selectorText(spec.podSelector)],
    [t('Restricts'), (spec.policyTypes ?? ['Ingress']).join(` ${t('and')} `)],
    [
      t('Allowed in'),
      (spec.policyTypes ?? ['Ingress']).includes('Ingress')
        ? lines((spec.ingress ?? []).map(({ from, ports }) => ruleText(from, ports))) || t('nothing at all')
        : undefined,
    ],
    [
      t('Allowed out'),
      spec.policyTypes?.includes('Egress')
        ? lines((spec.egress ?? []).map(({ to, ports }) => ruleText(to, ports))) || t('nothing at all')
        : undefined,
    ],
  ],
  HorizontalPodAutoscaler: ({ spec, status }: HorizontalPodAutoscaler) => [
    [t('Scales'), `${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`],
    [
      t('Replicas'),
      t('{current} now, {wanted} wanted, between {least} and {most}', {
        current: status.currentReplicas ?? 0,
        wanted: status.desiredReplicas ?? 0,
        least: spec.minReplicas ?? 1,
        most: spec.maxReplicas,
      }),
    ],
    [t('Aims at'), lines((spec.metrics ?? []).map(aimText))],
    [t('Measured'), lines((status.currentMetrics ?? []).map(measuredText))],
    [t('Last scaled'), timeText(status.lastScaleTime)],
  ],
  PodDisruptionBudget: ({ spec, status }: PodDisruptionBudget) => [
    [
      t('Keeps'),
      spec.minAvailable === undefined
        ? t('at most {maxUnavailable} away', { maxUnavailable: spec.maxUnavailable ?? 0 })
        : t('at least {minAvailable} there', { minAvailable: spec.minAvailable }),
    ],
    [t('May be evicted now'), status.disruptionsAllowed],
    [
      t('Healthy'),
      t('{healthy} of {all}, needs {wanted}', {
        healthy: status.currentHealthy ?? 0,
        all: status.expectedPods ?? 0,
        wanted: status.desiredHealthy ?? 0,
      }),
    ],
    [t('Selector'), selectorText(spec.selector)],
  ],
  PersistentVolumeClaim: ({ spec, status }: PersistentVolumeClaim) => [
    [t('Asks for'), spec.resources?.requests?.storage],
    [t('Has'), status.capacity?.storage],
    [t('Access'), (spec.accessModes ?? []).join(', ')],
    [t('Mode'), spec.volumeMode],
  ],
  PersistentVolume: ({ spec }: PersistentVolume) => [
    [t('Capacity'), spec.capacity?.storage],
    [t('Access'), (spec.accessModes ?? []).join(', ')],
    [t('When released'), spec.persistentVolumeReclaimPolicy],
    [t('At'), spec.local?.path ?? spec.hostPath?.path ?? spec.nfs?.path],
    [
      t('Reached from'),
      lines(
        (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).map(({ matchExpressions = [] }) =>
          matchExpressions.map(expressionText).join(', '),
        ),
      ),
    ],
  ],
  StorageClass: (storage: StorageClass) => [
    [t('Provisioner'), storage.provisioner],
    [t('When released'), storage.reclaimPolicy],
    [
      t('Volumes are made'),
      storage.volumeBindingMode === 'WaitForFirstConsumer' ? t('when a pod uses them') : t('at once'),
    ],
    [t('Can grow'), storage.allowVolumeExpansion ? t('yes') : t('no')],
    [t('Parameters'), pairs(storage.parameters)],
  ],
  Secret: ({ type, immutable }: Secret) => [
    [t('Type'), type],
    [t('Immutable'), immutable ? t('yes') : undefined],
  ],
  ResourceQuota: ({ spec }: ResourceQuota) => [[t('Scopes'), scopes(spec)]],
  LimitRange: ({ spec }: LimitRange) =>
    ((spec.limits as LimitRange['spec']['limits'] | null) ?? []).flatMap(({ type, ...limits }): Fact[] =>
      Object.entries(limits).map(([name, amounts]) => [`${type} ${name}`, pairs(amounts as Record<string, unknown>)]),
    ),
  Event: (event: Event) => [
    [t('Reason'), eventReason(event)],
    [t('Message'), eventMessage(event)],
    [t('Told by'), event.reportingComponent || event.source?.component],
    [t('Count'), event.series?.count ?? event.count],
  ],
}

/** @param hasDetails what matters of the kind is told elsewhere */
export function kindFacts(object: AnyObject, hasDetails: boolean): readonly Fact[] {
  const read = readings[object.kind] as ((object: KubeObject) => Fact[]) | undefined
  return read?.(object) ?? (hasDetails ? [] : plainFacts(object))
}
