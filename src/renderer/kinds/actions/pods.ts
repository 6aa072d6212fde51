// What pods allow, and what leads to them: logs, terminals, files, forwarded ports.
import { ArrowRightLeft, Bug, FolderOpen, History, Plug, ScrollText, SquareTerminal, Zap } from '@lucide/vue'
import { CronJob, Job } from '../../../shared/api/batch/v1.ts'
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { byCreation } from '../../../shared/machinery/older.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { connection } from '../../api/connection.ts'
import type { ServedKind } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { useDebugStore } from '../../dock/debug.ts'
import { type ForwardKind, useForwardStore } from '../../forwards/forwards.ts'
import { useConfirmStore } from '../../stores/confirm.ts'
import { useDockStore } from '../../stores/dock.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { asKubectl } from './as-kubectl.ts'
import { count, forEach, refOf } from './change.ts'
import { podSelectorOf } from '../pod-selector.ts'
import { t } from '../../i18n/i18n.ts'
import { type Drafts, first, ofPods } from './action.ts'

/** The container that logs and shells start with: the annotated one, else the first. */
export const defaultContainer = (pod: Pod): string =>
  pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? pod.spec.containers[0]?.name ?? ''

const JOB_NAME = 'batch.kubernetes.io/job-name'
/** More runs than that are hardly read together. */
const MOST_RUNS = 20

/** Pods of its last runs. */
async function selectorOfRuns({ metadata: { uid, namespace = '' } }: AnyObject): Promise<string | undefined> {
  const { items } = await connection.client.list(Job, { namespace })
  const runs = items.filter(job => controllerOf(job)?.uid === uid).sort(byCreation)
  const names = runs.slice(-MOST_RUNS).map(({ metadata: { name } }) => name)
  return names.length ? `${JOB_NAME} in (${names.join()})` : undefined
}

export async function openLogs(object: AnyObject, previous = false): Promise<void> {
  const { name, namespace = '' } = object.metadata
  const base = { kind: 'logs' as const, title: name, namespace, ...(previous ? { previous } : {}) }
  if (object.kind === 'Pod') {
    useDockStore().open({ ...base, pod: name, container: defaultContainer(object as unknown as Pod) })
    return
  }
  const isSchedule = object.kind === CronJob.kind
  try {
    const labelSelector = isSchedule ? await selectorOfRuns(object) : podSelectorOf(object)
    if (!labelSelector) throw new Error(isSchedule ? t('None of its runs is kept.') : t('It selects no pods.'))
    useDockStore().open({ ...base, labelSelector })
  } catch (error) {
    useToastStore().failed(t('No logs of {name}', { name }), error)
  }
}

export function openTerminal(pod: Pod, container = defaultContainer(pod)): void {
  const { name, namespace } = pod.metadata
  useDockStore().open({ kind: 'terminal', use: 'shell', title: name, pod: { namespace, name }, container })
}

/** Joins the main process, with what it was given: its input, its terminal. */
export function openAttach(pod: Pod, container = defaultContainer(pod)): void {
  const { name, namespace } = pod.metadata
  const { spec } = pod
  const found = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].find(
    each => each.name === container,
  )
  const streams = { stdin: found?.stdin ?? false, tty: found?.tty ?? false }
  const title = t('{name} · attached', { name })
  useDockStore().open({ kind: 'terminal', use: 'attach', title, pod: { namespace, name }, container, streams })
}

export function openFiles(pod: Pod, container = defaultContainer(pod)): void {
  const { name, namespace } = pod.metadata
  useDockStore().open({ kind: 'files', title: name, pod: { namespace, name }, container })
}

const FORWARDED: Readonly<Record<string, ForwardKind>> = {
  Pod: 'pods',
  Service: 'services',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
}

function openForward(kind: ForwardKind, { object, name, namespace }: Row): void {
  const spec = object.spec as {
    ports?: { port: number }[]
    containers?: Container[]
    template?: { spec?: { containers?: Container[] } }
  }
  const containers = spec.containers ?? spec.template?.spec?.containers ?? []
  const ports = spec.ports?.map(({ port }) => port) ?? containers.flatMap(each => each.ports ?? []).map(portNumber)
  useForwardStore().asked = { kind, namespace, name, ports }
}
const portNumber = ({ containerPort }: { containerPort: number }) => containerPort

export function openDebug(pod: Pod, container = defaultContainer(pod)): void {
  useDebugStore().asked = { kind: 'pod', pod, container }
}

const HAS_PODS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Service',
])

async function deleteAtOnce({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const things = count(rows, type.kind)
  const { confirmed } = await useConfirmStore().ask({
    title: t('Delete {things} at once?', { things }),
    text: t(
      'Nobody waits until its processes have ended: what they still had to write is lost, and on a node that does not answer they run on, beside those of the pod that takes its place.',
    ),
    names: rows.map(row => row.key),
    action: t('Delete at once'),
    danger: true,
    command: () => asKubectl('delete', type, rows, '--grace-period=0', '--force'),
  })
  if (!confirmed || !(await useToastStore().goesOn(t('About to delete {things}', { things })))) return
  await forEach(rows, t('Deleting {things}', { things }), row =>
    connection.client.delete(type, refOf(row), {
      gracePeriodSeconds: 0,
      preconditions: { uid: row.object.metadata.uid },
    }),
  )
}

/** Beside the deletion that waits, which is what nearly everybody wants. */
export const lastPodActions = (kind: ServedKind): Drafts => [
  kind.type.kind === 'Pod' &&
    kind.verbs.includes('delete') && {
      id: 'delete-at-once',
      needs: [{ verb: 'delete' }],
      minor: true,
      title: t('Delete at once'),
      icon: Zap,
      danger: true,
      bulk: true,
      run: rows => deleteAtOnce(kind, rows),
    },
]

export function podActions({ type }: ServedKind): Drafts {
  const firstPod = (run: (pod: Pod) => void) => first(row => run(row.object as unknown as Pod))
  const forwarded = type.group === '' || type.group === 'apps' ? FORWARDED[type.kind] : undefined
  return [
    (type.kind === 'Pod' || HAS_PODS.has(type.kind)) && {
      id: 'logs',
      needs: [ofPods('get', 'log')],
      title: t('Logs'),
      icon: ScrollText,
      key: 'l',
      run: first(row => void openLogs(row.object)),
    },
    type.kind === 'Pod' && {
      id: 'previous',
      needs: [ofPods('get', 'log')],
      minor: true,
      title: t('Logs of the previous run'),
      icon: History,
      key: 'p',
      run: first(row => void openLogs(row.object, true)),
    },
    type.kind === 'Pod' && {
      id: 'shell',
      needs: [ofPods('create', 'exec')],
      title: t('Terminal'),
      icon: SquareTerminal,
      key: 's',
      run: firstPod(openTerminal),
    },
    forwarded !== undefined && {
      id: 'forward',
      needs: [ofPods('create', 'portforward')],
      minor: type.kind !== 'Service',
      title: t('Forward a port'),
      icon: ArrowRightLeft,
      run: first(row => openForward(forwarded, row)),
    },
    type.kind === 'Pod' && {
      id: 'files',
      needs: [ofPods('create', 'exec')],
      minor: true,
      title: t('Files'),
      icon: FolderOpen,
      key: 'f',
      run: firstPod(openFiles),
    },
    type.kind === 'Pod' && {
      id: 'attach',
      needs: [ofPods('create', 'attach')],
      minor: true,
      title: t('Attach'),
      icon: Plug,
      run: firstPod(openAttach),
    },
    type.kind === 'Pod' && {
      id: 'debug',
      needs: [ofPods('patch', 'ephemeralcontainers')],
      minor: true,
      title: t('Debug container'),
      icon: Bug,
      run: firstPod(openDebug),
    },
  ]
}
