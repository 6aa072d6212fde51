// What workloads allow: restarts, runs of cron jobs, halts, and coming back by themselves.
import { PauseCircle, Play, PlayCircle, RefreshCw, Undo2 } from '@lucide/vue'
import { CronJob, Job } from '../../../shared/api/batch/v1.ts'
import { AUTO_ROLLBACK } from '../../../shared/api/flotilla/auto-rollback.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import { inNamespace, line } from '../../create/kubectl-command.ts'
import { connection } from '../../api/connection.ts'
import type { ServedKind } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { useClusterStore } from '../../stores/cluster.ts'
import { useConfirmStore } from '../../stores/confirm.ts'
import { m, t } from '../../i18n/i18n.ts'
import { type Drafts, PATCH } from './action.ts'
import { asKubectl } from './as-kubectl.ts'
import { count, forEach, refOf, setSpec } from './change.ts'

async function restart({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const { confirmed } = await useConfirmStore().ask({
    title: t('Restart {things}?', { things: count(rows, type.kind) }),
    text: t('Pods are replaced step by step, as the update strategy says.'),
    names: rows.map(row => row.key),
    action: t('Restart'),
    command: () => asKubectl(['rollout', 'restart'], type, rows),
  })
  if (!confirmed) return
  const annotations = { 'kubectl.kubernetes.io/restartedAt': formatTime(Date.now()) }
  await forEach(rows, t('Restarting {things}', { things: count(rows, type.kind) }), row =>
    connection.client.patch(type, refOf(row), { spec: { template: { metadata: { annotations } } } }, { type: 'merge' }),
  )
}

/** Runs a cron job now, as `kubectl create job --from` does it. */
function runNow(rows: readonly Row[]): Promise<void> {
  const names = new Map(
    rows.map(row => [row, `${row.name.slice(0, 50)}-${Math.random().toString(36).slice(2, 7)}`] as const),
  )
  const commands = [...names].map(([{ name, namespace }, run]) =>
    line('kubectl', 'create', 'job', run, `--from=cronjob/${name}`, inNamespace(namespace)),
  )
  const run = (row: Row) => {
    const { object, namespace } = row
    const { jobTemplate } = (object as unknown as CronJob).spec
    const { labels, annotations } = jobTemplate.metadata ?? {}
    return connection.client.create(Job, {
      metadata: {
        name: names.get(row) ?? row.name,
        namespace,
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [controllerRef(CronJob, object as unknown as CronJob)],
      },
      spec: jobTemplate.spec ?? { template: {} },
    })
  }
  return forEach(rows, t('Started {things}', { things: count(rows, 'CronJob') }), run, commands.join('\n'))
}

const setRollback = ({ type }: ServedKind, rows: readonly Row[], isWanted: boolean) =>
  forEach(
    rows,
    t(
      isWanted
        ? '{things}: when a new revision fails, the last healthy one comes back'
        : '{things}: a new revision that fails stays',
      { things: count(rows, type.kind) },
    ),
    row => {
      const annotations = { [AUTO_ROLLBACK]: isWanted ? 'true' : null }
      return connection.client.patch(type, refOf(row), { metadata: { annotations } }, { type: 'merge' })
    },
    asKubectl('annotate', type, rows, isWanted ? `${AUTO_ROLLBACK}=true` : `${AUTO_ROLLBACK}-`, '--overwrite'),
  )

/** The field that halts a kind. */
const HALTED: Readonly<Record<string, string>> = { Deployment: 'paused', CronJob: 'suspend', Job: 'suspend' }
const isHalted = ({ kind, spec }: AnyObject) =>
  (spec as Record<string, unknown> | undefined)?.[HALTED[kind] ?? ''] === true
/** It returns to its last healthy revision by itself. */
const rollsBack = ({ metadata }: AnyObject) => metadata.annotations?.[AUTO_ROLLBACK] === 'true'
const RESTARTABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])

export function workloadActions(kind: ServedKind): Drafts {
  const { type } = kind
  const canRollBack = type.kind === 'Deployment' && type.group === 'apps' && useClusterStore().isOurs
  return [
    RESTARTABLE.has(type.kind) && {
      id: 'restart',
      needs: PATCH,
      title: t('Restart'),
      icon: RefreshCw,
      bulk: true,
      run: rows => restart(kind, rows),
    },
    type.kind === 'CronJob' && {
      id: 'run',
      needs: [{ verb: 'create', resource: 'jobs' }],
      title: t('Run now'),
      icon: Play,
      bulk: true,
      run: runNow,
    },
    HALTED[type.kind] !== undefined && {
      id: 'pause',
      needs: PATCH,
      minor: true,
      title: type.kind === 'Deployment' ? t('Pause the rollout') : t('Suspend'),
      icon: PauseCircle,
      bulk: true,
      fits: object => !isHalted(object),
      run: rows => setSpec(kind, rows, { [HALTED[type.kind] ?? '']: true }, m('Halted {things}')),
    },
    HALTED[type.kind] !== undefined && {
      id: 'resume',
      needs: PATCH,
      minor: true,
      title: t('Resume'),
      icon: PlayCircle,
      bulk: true,
      fits: isHalted,
      run: rows => setSpec(kind, rows, { [HALTED[type.kind] ?? '']: false }, m('Resumed {things}')),
    },
    canRollBack && {
      id: 'auto-rollback',
      needs: PATCH,
      minor: true,
      title: t('Roll back by itself'),
      icon: Undo2,
      bulk: true,
      fits: object => !rollsBack(object),
      run: rows => setRollback(kind, rows, true),
    },
    canRollBack && {
      id: 'no-auto-rollback',
      needs: PATCH,
      minor: true,
      title: t('Do not roll back by itself'),
      icon: Undo2,
      bulk: true,
      fits: rollsBack,
      run: rows => setRollback(kind, rows, false),
    },
  ]
}
