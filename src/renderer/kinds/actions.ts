// What can be done with objects of a kind, in the row's menu, by key and for many at once.
import {
  ArrowRightLeft,
  Bug,
  FileCode,
  FolderOpen,
  History,
  LogOut,
  PauseCircle,
  Play,
  PlayCircle,
  Plug,
  RefreshCw,
  Scaling,
  ScrollText,
  SquareTerminal,
  Tag,
  Trash2,
  Undo2,
} from '@lucide/vue'
import type { Component } from 'vue'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import type { Container, Pod } from '../../shared/api/core/v1.ts'
import { AUTO_ROLLBACK } from '../../shared/api/flotilla/auto-rollback.ts'
import { formatTime } from '../../shared/machinery/clock.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { controllerRef } from '../../shared/machinery/owner.ts'
import { type Right, useRightsStore } from '../access/rights.ts'
import { connection } from '../api/connection.ts'
import { type ServedKind, kindKey } from '../api/discovery.ts'
import type { Row } from '../api/sources.ts'
import { useDebugStore } from '../dock/debug.ts'
import { type ForwardKind, useForwardStore } from '../forwards/forwards.ts'
import { useDrainStore } from '../nodes/drains.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { useConfirmStore } from '../stores/confirm.ts'
import { useDockStore } from '../stores/dock.ts'
import { useToastStore } from '../stores/toasts.ts'
import { parseLabelLine } from './label-line.ts'
import { podSelectorOf } from './pod-selector.ts'
import { type MessageKey, m, t } from '../i18n/i18n.ts'

export interface ResourceAction {
  readonly id: string
  readonly title: string
  readonly icon: Component
  /** As `useHotkeys` names it. */
  readonly key?: string
  readonly danger?: boolean
  /** Works on several rows at once. */
  readonly bulk?: boolean
  /** Stands in the menu rather than among the buttons. */
  readonly minor?: boolean
  /** Why the user may not do this to these rows, in a sentence; undefined when nothing is known against it. */
  readonly refusal: (rows: readonly Row[]) => string | undefined
  /** Of what it is offered for, where not for all of the kind. */
  readonly fits?: (object: AnyObject) => boolean
  readonly run: (rows: readonly Row[]) => void | Promise<void>
}

/** A right that an action takes, on the kind itself where no resource is told. */
interface Need {
  readonly verb: string
  readonly resource?: string
  readonly group?: string
  /** `pods/log` and such: of the object itself where it is of the kind. */
  readonly subresource?: string
  /** Where it is not the object's own; '' = in all. */
  readonly namespace?: string
}

const refOf = ({ namespace, name }: Row) => ({ name, ...(namespace ? { namespace } : {}) })
const count = (rows: readonly Row[], kind: string) =>
  rows.length === 1 ? `${kind} ${rows[0]?.name ?? ''}` : t('{n} objects of kind {kind}', { n: rows.length, kind })

/** Does one thing to each row, a few at a time, and tells how it went. */
async function forEach(rows: readonly Row[], done: string, run: (row: Row) => Promise<unknown>): Promise<void> {
  const toasts = useToastStore()
  const queue = [...rows]
  let failures = 0
  const worker = async () => {
    for (let row = queue.shift(); row; row = queue.shift())
      try {
        await run(row)
      } catch (error) {
        failures++
        toasts.failed(t('{name}: not done', { name: row.name }), error)
      }
  }
  await Promise.all(Array.from({ length: Math.min(6, rows.length) }, worker))
  if (failures < rows.length) toasts.done(failures ? t('{done} ({n} failed)', { done, n: failures }) : done)
}

/** Deleting these takes more with them than their name says, so the name must be typed. */
const PRECIOUS = new Set(['namespaces.v1.', 'nodes.v1.', 'persistentvolumes.v1.'])
const CONSEQUENCES: Readonly<Record<string, MessageKey>> = {
  'namespaces.v1.': m('Everything inside is deleted with it.'),
  'nodes.v1.': m('Its pods are lost to the cluster; the machine itself is not touched.'),
  'persistentvolumes.v1.': m('The data may be lost, depending on the reclaim policy.'),
  'deployments.v1.apps': m('Its replica sets and pods are deleted with it.'),
  'statefulsets.v1.apps': m('Its pods are deleted with it; volume claims stay.'),
  'daemonsets.v1.apps': m('Its pods are deleted with it.'),
  'pods.v1.': m('Pods of a controller are replaced by new ones.'),
}

async function remove({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const key = kindKey(type)
  const { confirmed } = await useConfirmStore().ask({
    title: t('Delete {things}?', { things: count(rows, type.kind) }),
    text: t(CONSEQUENCES[key] ?? m('This cannot be undone.')),
    names: rows.map(row => row.key),
    action: t('Delete'),
    danger: true,
    ...(PRECIOUS.has(key) && rows[0] ? { typed: rows.length === 1 ? rows[0].name : `delete ${rows.length}` } : {}),
  })
  const things = count(rows, type.kind)
  if (!confirmed || !(await useToastStore().goesOn(t('About to delete {things}', { things })))) return
  await forEach(rows, t('Deleting {things}', { things }), row =>
    connection.client.delete(type, refOf(row), {
      propagationPolicy: 'Background',
      preconditions: { uid: row.object.metadata.uid },
    }),
  )
}

/** Whose scaling the scheduler can tell beforehand. */
const SCHEDULED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'])

async function scale({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const spec = rows[0]?.object.spec as { replicas?: number } | undefined
  const answer = await useConfirmStore().ask({
    title: t('Scale {things}', { things: count(rows, type.kind) }),
    text: '',
    names: rows.map(row => row.key),
    action: t('Scale'),
    number: { label: t('Replicas'), value: spec?.replicas ?? 1 },
    ...(SCHEDULED.has(type.kind)
      ? {
          whatIf: (replicas: number) => ({
            scale: rows.map(({ name, namespace }) => ({ kind: type.kind, name, namespace, replicas })),
          }),
        }
      : {}),
  })
  if (!answer.confirmed) return
  await forEach(
    rows,
    t('Scaled {things} to {replicas}', { things: count(rows, type.kind), replicas: answer.number }),
    row =>
      connection.client.patch(
        type,
        refOf(row),
        { spec: { replicas: answer.number } },
        { type: 'merge', subresource: 'scale' },
      ),
  )
}

async function restart({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const { confirmed } = await useConfirmStore().ask({
    title: t('Restart {things}?', { things: count(rows, type.kind) }),
    text: t('Pods are replaced step by step, as the update strategy says.'),
    names: rows.map(row => row.key),
    action: t('Restart'),
  })
  if (!confirmed) return
  const annotations = { 'kubectl.kubernetes.io/restartedAt': formatTime(Date.now()) }
  await forEach(rows, t('Restarting {things}', { things: count(rows, type.kind) }), row =>
    connection.client.patch(type, refOf(row), { spec: { template: { metadata: { annotations } } } }, { type: 'merge' }),
  )
}

async function label({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const answer = await useConfirmStore().ask({
    title: t('Label {things}', { things: count(rows, type.kind) }),
    text: '',
    names: rows.map(row => row.key),
    action: t('Label'),
    line: {
      label: t('Labels'),
      hint: t('team=shop tier=web, and team- takes one away'),
      problem: line => parseLabelLine(line).problem,
    },
  })
  if (!answer.confirmed) return
  const { labels } = parseLabelLine(answer.line)
  await forEach(rows, t('Labelled {things}', { things: count(rows, type.kind) }), row =>
    connection.client.patch(type, refOf(row), { metadata: { labels } }, { type: 'merge' }),
  )
}

/** Runs a cron job now, as `kubectl create job --from` does it. */
const runNow = (rows: readonly Row[]) =>
  forEach(rows, t('Started {things}', { things: count(rows, 'CronJob') }), ({ object, name, namespace }) => {
    const { jobTemplate } = (object as unknown as CronJob).spec
    const { labels, annotations } = jobTemplate.metadata ?? {}
    return connection.client.create(Job, {
      metadata: {
        name: `${name.slice(0, 50)}-${Math.random().toString(36).slice(2, 7)}`,
        namespace,
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [controllerRef(CronJob, object as unknown as CronJob)],
      },
      spec: jobTemplate.spec ?? { template: {} },
    })
  })

/** Sets one field of the spec, such as `suspend`. */
const setSpec = ({ type }: ServedKind, rows: readonly Row[], spec: object, done: MessageKey) =>
  forEach(rows, t(done, { things: count(rows, type.kind) }), row =>
    connection.client.patch(type, refOf(row), { spec }, { type: 'merge' }),
  )

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
  )

async function cordon(kind: ServedKind, rows: readonly Row[]): Promise<void> {
  const names = rows.map(({ name }) => name)
  const { confirmed } = await useConfirmStore().ask({
    title: t('Cordon {things}?', { things: count(rows, 'Node') }),
    text: t('No new pods are placed there; those that run stay.'),
    names,
    action: t('Cordon'),
    whatIf: () => ({ cordon: names }),
  })
  if (confirmed) await setUnschedulable(kind, rows, true)
}

const setUnschedulable = ({ type }: ServedKind, rows: readonly Row[], unschedulable: boolean) =>
  forEach(
    rows,
    t(unschedulable ? 'Cordoned {things}' : 'Uncordoned {things}', { things: count(rows, type.kind) }),
    row => connection.client.patch(type, refOf(row), { spec: { unschedulable } }, { type: 'merge' }),
  )

/** The container that logs and shells start with: the annotated one, else the first. */
export const defaultContainer = (pod: Pod): string =>
  pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? pod.spec.containers[0]?.name ?? ''

export function openLogs(object: AnyObject, previous = false): void {
  const { name, namespace = '' } = object.metadata
  const labelSelector = podSelectorOf(object)
  const base = { kind: 'logs' as const, title: name, namespace, ...(previous ? { previous } : {}) }
  if (object.kind === 'Pod')
    useDockStore().open({ ...base, pod: name, container: defaultContainer(object as unknown as Pod) })
  else if (labelSelector) useDockStore().open({ ...base, labelSelector })
  else useToastStore().failed(t('No logs of {name}', { name }), new Error(t('It selects no pods.')))
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
  'Service',
])
/** The field that halts a kind. */
const HALTED: Readonly<Record<string, string>> = { Deployment: 'paused', CronJob: 'suspend', Job: 'suspend' }
const isHalted = ({ kind, spec }: AnyObject) =>
  (spec as Record<string, unknown> | undefined)?.[HALTED[kind] ?? ''] === true
/** It returns to its last healthy revision by itself. */
const rollsBack = ({ metadata }: AnyObject) => metadata.annotations?.[AUTO_ROLLBACK] === 'true'
const isCordoned = ({ spec }: AnyObject) => (spec as { unschedulable?: boolean } | undefined)?.unschedulable === true
const RESTARTABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])

/** Those of a kind that make sense for an object as it is. */
export const fitting = (actions: readonly ResourceAction[], object: AnyObject): ResourceAction[] =>
  actions.filter(({ fits }) => fits?.(object) ?? true)

/** A pod is made on the node, and got into. */
const INTO_NODES: readonly Need[] = [undefined, 'exec'].map(subresource => ({
  ...{ verb: 'create', group: '', resource: 'pods', namespace: 'default', subresource },
}))
/** What a pod's streams take, whichever object leads to the pod. */
const ofPods = (verb: string, subresource: string): Need => ({ verb, group: '', resource: 'pods', subresource })
const PATCH: readonly Need[] = [{ verb: 'patch' }]

type Draft = Omit<ResourceAction, 'refusal'> & { readonly needs: readonly Need[] }

/** The rights that it takes to do something to these objects. */
function rightsFor(needs: readonly Need[], { type }: ServedKind, rows: readonly Row[]): Right[] {
  const places = [...new Map(rows.map(row => [row.namespace, row])).values()]
  return needs.flatMap(({ verb, group = type.group, resource = type.plural, subresource, namespace }) => {
    const isOwn = group === type.group && resource === type.plural
    return (isOwn ? rows : places).map(row => ({
      verb,
      group,
      resource: subresource ? `${resource}/${subresource}` : resource,
      namespace: (namespace ?? row.namespace) || undefined,
      ...(isOwn ? { name: row.name } : {}),
    }))
  })
}

/** Does it, or tells why not. */
export function perform(action: ResourceAction, rows: readonly Row[]): void {
  const refusal = action.refusal(rows)
  if (refusal) useToastStore().failed(t('{name}: not done', { name: action.title }), new Error(refusal))
  else void action.run(rows)
}

export function actionsOf(kind: ServedKind): ResourceAction[] {
  const { type, verbs, subresources } = kind
  const first = (run: (row: Row) => void) => (rows: readonly Row[]) => {
    if (rows[0]) run(rows[0])
  }
  const firstPod = (run: (pod: Pod) => void) => first(row => run(row.object as unknown as Pod))
  const forwarded = type.group === '' || type.group === 'apps' ? FORWARDED[type.kind] : undefined
  const canRollBack = type.kind === 'Deployment' && type.group === 'apps' && useClusterStore().isOurs
  const actions: (Draft | false)[] = [
    (type.kind === 'Pod' || HAS_PODS.has(type.kind)) && {
      id: 'logs',
      needs: [ofPods('get', 'log')],
      title: t('Logs'),
      icon: ScrollText,
      key: 'l',
      run: first(row => openLogs(row.object)),
    },
    type.kind === 'Pod' && {
      id: 'previous',
      needs: [ofPods('get', 'log')],
      minor: true,
      title: t('Logs of the previous run'),
      icon: History,
      key: 'p',
      run: first(row => openLogs(row.object, true)),
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
    type.kind === 'Node' && {
      id: 'shell',
      needs: INTO_NODES,
      title: t('Shell'),
      icon: SquareTerminal,
      key: 's',
      run: first(({ name }) => (useDebugStore().asked = { kind: 'node', node: name, to: 'shell' })),
    },
    type.kind === 'Node' && {
      id: 'files',
      needs: INTO_NODES,
      minor: true,
      title: t('Files'),
      icon: FolderOpen,
      key: 'f',
      run: first(({ name }) => (useDebugStore().asked = { kind: 'node', node: name, to: 'files' })),
    },
    verbs.includes('update') && {
      id: 'edit',
      needs: [{ verb: 'update' }],
      title: t('Edit YAML'),
      icon: FileCode,
      key: 'e',
      run: first(({ name, namespace }) =>
        useDockStore().open({ kind: 'editor', title: name, type, namespace: namespace || undefined, name }),
      ),
    },
    subresources.has('scale') && {
      id: 'scale',
      needs: [{ verb: 'patch', subresource: 'scale' }],
      title: t('Scale'),
      icon: Scaling,
      bulk: true,
      run: rows => scale(kind, rows),
    },
    RESTARTABLE.has(type.kind) && {
      id: 'restart',
      needs: PATCH,
      title: t('Restart'),
      icon: RefreshCw,
      bulk: true,
      run: rows => restart(kind, rows),
    },
    type.kind === 'Node' && {
      id: 'cordon',
      needs: PATCH,
      title: t('Cordon'),
      icon: PauseCircle,
      bulk: true,
      fits: object => !isCordoned(object),
      run: rows => cordon(kind, rows),
    },
    type.kind === 'Node' && {
      id: 'uncordon',
      needs: PATCH,
      title: t('Uncordon'),
      icon: PlayCircle,
      bulk: true,
      fits: isCordoned,
      run: rows => setUnschedulable(kind, rows, false),
    },
    type.kind === 'Node' && {
      id: 'drain',
      needs: [...PATCH, { ...ofPods('create', 'eviction'), namespace: '' }],
      title: t('Drain'),
      icon: LogOut,
      run: first(({ name }) => (useDrainStore().shown = name)),
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
    verbs.includes('patch') && {
      id: 'label',
      needs: PATCH,
      title: t('Label'),
      icon: Tag,
      minor: true,
      bulk: true,
      run: rows => label(kind, rows),
    },
    verbs.includes('delete') && {
      id: 'delete',
      needs: [{ verb: 'delete' }],
      title: t('Delete'),
      icon: Trash2,
      key: 'mod+d',
      danger: true,
      bulk: true,
      run: rows => remove(kind, rows),
    },
  ]
  return actions
    .filter(action => action !== false)
    .map(({ needs, ...action }) => ({
      ...action,
      refusal: rows => useRightsStore().refusalOf(rightsFor(needs, kind, rows)),
    }))
}
