// Columns of Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets, Jobs and CronJobs.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import { type PodTemplateSpec, ReplicationController } from '../../shared/api/core/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { h } from 'vue'
import { workloadUsageColumn } from '../metrics/usage-column.ts'
import { AgeText } from '../components/age-text.ts'
import {
  cronJobStatus,
  daemonSetStatus,
  deploymentStatus,
  jobStatus,
  replicaSetStatus,
  statefulSetStatus,
} from '../status/workload-status.ts'
import {
  ageColumn,
  dash,
  firstOwner,
  nameColumn,
  namespaceColumn,
  objectLink,
  ratio,
  statusColumn,
  textsColumn,
} from './cells.ts'
import { type ResourceColumn, columnsOf } from './column.ts'
import { typeOfReference } from './references.ts'
import { m } from '../i18n/i18n.ts'

const imagesColumn = <T extends KubeObject>(
  template: (object: T) => PodTemplateSpec | undefined,
): ResourceColumn<T> => ({
  id: 'images',
  title: m('Images'),
  value: ({ object }) => (template(object)?.spec?.containers ?? []).map(({ image }) => image).join(', '),
  least: 140,
  most: 140,
  grows: true,
  mono: true,
  cutsStart: true,
})

const readyColumn = <T extends KubeObject>(counts: (object: T) => [have: number, want: number]): ResourceColumn<T> => ({
  id: 'ready',
  title: m('Ready'),
  value: ({ object }) => {
    const [have, want] = counts(object)
    return want === 0 ? 1 : have / want
  },
  cell: ({ object }) => ratio(...counts(object)),
  least: 72,
  worth: 3,
})

export const deploymentColumns = columnsOf<Deployment>(
  nameColumn(),
  namespaceColumn(),
  readyColumn(({ spec, status }) => [status.readyReplicas ?? 0, spec.replicas ?? 1]),
  {
    id: 'updated',
    title: m('Up to date'),
    value: ({ object }) => object.status.updatedReplicas ?? 0,
    least: 96,
    align: 'right',
  },
  statusColumn(Deployment, deploymentStatus),
  workloadUsageColumn('cpu'),
  workloadUsageColumn('memory'),
  imagesColumn(({ spec }) => spec.template),
  {
    id: 'replicas',
    title: m('Replicas'),
    value: ({ object }) => object.spec.replicas ?? 1,
    least: 80,
    align: 'right',
    hidden: true,
  },
  textsColumn({
    id: 'conditions',
    title: m('Conditions'),
    texts: ({ status }) =>
      (status.conditions ?? []).map(({ type, status: is }) => (is === 'True' ? type : `${type}=${is}`)),
    least: 140,
    most: 160,
    hidden: true,
  }),
  {
    id: 'strategy',
    title: m('Strategy'),
    value: ({ object }) => object.spec.strategy?.type ?? '',
    least: 130,
    hidden: true,
  },
  ageColumn(),
)

export const replicaSetColumns = columnsOf<ReplicaSet>(
  nameColumn(),
  namespaceColumn(),
  readyColumn(({ spec, status }) => [status.readyReplicas ?? 0, spec.replicas ?? 1]),
  statusColumn(ReplicaSet, replicaSetStatus),
  {
    id: 'owner',
    title: m('Controlled by'),
    value: row => firstOwner(row)?.name ?? '',
    cell: (row, room) => {
      const owner = firstOwner(row)
      return objectLink(owner && typeOfReference(owner), row.namespace, owner?.name, { room })
    },
    drawn: { text: row => firstOwner(row)?.name ?? '–' },
    fits: () => true,
    least: 120,
    grows: true,
  },
  ageColumn(),
)

export const replicationControllerColumns = columnsOf<ReplicationController>(
  nameColumn(),
  namespaceColumn(),
  readyColumn(({ spec, status }) => [status.readyReplicas ?? 0, spec.replicas ?? 1]),
  statusColumn(ReplicationController, replicaSetStatus),
  imagesColumn(({ spec }) => spec.template),
  ageColumn(),
)

export const statefulSetColumns = columnsOf<StatefulSet>(
  nameColumn(),
  namespaceColumn(),
  readyColumn(({ spec, status }) => [status.readyReplicas ?? 0, spec.replicas ?? 1]),
  statusColumn(StatefulSet, statefulSetStatus),
  workloadUsageColumn('cpu'),
  workloadUsageColumn('memory'),
  imagesColumn(({ spec }) => spec.template),
  ageColumn(),
)

export const daemonSetColumns = columnsOf<DaemonSet>(
  nameColumn(),
  namespaceColumn(),
  readyColumn(({ status }) => [status.numberReady, status.desiredNumberScheduled]),
  statusColumn(DaemonSet, daemonSetStatus),
  workloadUsageColumn('cpu'),
  workloadUsageColumn('memory'),
  imagesColumn(({ spec }) => spec.template),
  ageColumn(),
)

export const jobColumns = columnsOf<Job>(
  nameColumn(),
  namespaceColumn(),
  {
    id: 'completions',
    title: m('Completions'),
    value: ({ object }) => object.status.succeeded ?? 0,
    cell: ({ object }) => ratio(object.status.succeeded ?? 0, object.spec.completions ?? 1),
    least: 110,
  },
  statusColumn(Job, jobStatus),
  imagesColumn(({ spec }) => spec.template),
  ageColumn(),
)

export const cronJobColumns = columnsOf<CronJob>(
  nameColumn(),
  namespaceColumn(),
  { id: 'schedule', title: m('Schedule'), value: ({ object }) => object.spec.schedule, least: 140, mono: true },
  {
    id: 'zone',
    title: m('Time zone'),
    value: ({ object }) => dash(object.spec.timeZone),
    least: 120,
    hidden: true,
  },
  statusColumn(CronJob, cronJobStatus),
  {
    id: 'active',
    title: m('Active'),
    value: ({ object }) => object.status.active?.length ?? 0,
    least: 80,
    align: 'right',
  },
  {
    id: 'last',
    title: m('Last run'),
    value: ({ object }) => object.status.lastScheduleTime ?? '',
    cell: ({ object }) => h(AgeText, { time: object.status.lastScheduleTime }),
    least: 96,
  },
  ageColumn(),
)
