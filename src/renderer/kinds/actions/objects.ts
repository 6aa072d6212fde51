// What any object allows: its deletion, its labels, its YAML, and its number where it has one.
import { FileCode, Scaling, Tag, Trash2 } from '@lucide/vue'
import { connection } from '../../api/connection.ts'
import { type ServedKind, kindKey } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { collectionPath } from '../../../shared/machinery/resource-type.ts'
import { useConfirmStore } from '../../stores/confirm.ts'
import { useDockStore } from '../../stores/dock.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { keepsHistoryOf } from '../../history/kept.ts'
import { parseLabelLine } from '../label-line.ts'
import { type MessageKey, m, t } from '../../i18n/i18n.ts'
import { type Drafts, PATCH, first } from './action.ts'
import { asKubectl } from './as-kubectl.ts'
import { count, forEach, refOf } from './change.ts'

/** Deleting these takes more with them than their name says, so the name must be typed. */
const PRECIOUS = new Set(['namespaces.v1.', 'nodes.v1.', 'persistentvolumes.v1.'])
const CONSEQUENCES: Readonly<Record<string, MessageKey>> = {
  'namespaces.v1.': m(
    'Everything inside is deleted with it, history included. | Everything inside is deleted with them, history included.',
  ),
  'nodes.v1.': m(
    'Its pods are lost to the cluster; the machine itself is not touched. | Their pods are lost to the cluster; the machines themselves are not touched.',
  ),
  'persistentvolumes.v1.': m('The data may be lost, depending on the reclaim policy.'),
  'deployments.v1.apps': m(
    'Its replica sets and pods are deleted with it. | Their replica sets and pods are deleted with them.',
  ),
  'statefulsets.v1.apps': m(
    'Its pods are deleted with it; volume claims stay. | Their pods are deleted with them; volume claims stay.',
  ),
  'daemonsets.v1.apps': m('Its pods are deleted with it. | Their pods are deleted with them.'),
  'customresourcedefinitions.v1.apiextensions.k8s.io': m(
    'All objects of its kind are deleted with it. | All objects of their kinds are deleted with them.',
  ),
  'pods.v1.': m('Pods of a controller are replaced by new ones.'),
}

/** What makes them makes others, or it is more than the object that is lost. */
const NOT_BROUGHT_BACK = new Set(['namespaces.v1.', 'pods.v1.', 'nodes.v1.', 'persistentvolumes.v1.'])

function consequence(type: ServedKind['type'], n: number): string {
  const key = kindKey(type)
  const first = CONSEQUENCES[key]
  const canBeUndone = keepsHistoryOf(type) && !NOT_BROUGHT_BACK.has(key)
  const wayBack = canBeUndone
    ? t(n === 1 ? 'It can be brought back from its history.' : 'They can be brought back from their history.')
    : first === undefined && t('This cannot be undone.')
  return [first && t(first, { n }), wayBack].filter(Boolean).join(' ')
}

async function remove({ type }: ServedKind, rows: readonly Row[]): Promise<void> {
  const key = kindKey(type)
  const { confirmed } = await useConfirmStore().ask({
    title: t('Delete {things}?', { things: count(rows, type.kind) }),
    text: consequence(type, rows.length),
    names: rows.map(row => row.key),
    action: t('Delete'),
    danger: true,
    command: () => asKubectl('delete', type, rows),
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

/** Those of a kind that is listed in the server's columns come without their number. */
async function replicasOf({ type }: ServedKind, row: Row): Promise<number> {
  const listed = row.object.spec as { replicas?: number } | undefined
  if (listed) return listed.replicas ?? 1
  const path = `${collectionPath(type, row.namespace || undefined)}/${encodeURIComponent(row.name)}/scale`
  const scale = (await connection.client.raw('GET', path).catch(() => undefined)) as
    { spec?: { replicas?: number } } | undefined
  return scale?.spec?.replicas ?? (scale ? 0 : 1)
}

/** Whose scaling the scheduler can tell beforehand. */
const SCHEDULED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'])

async function scale(kind: ServedKind, rows: readonly Row[]): Promise<void> {
  const { type } = kind
  const value = rows[0] ? await replicasOf(kind, rows[0]) : 1
  const answer = await useConfirmStore().ask({
    title: t('Scale {things}', { things: count(rows, type.kind) }),
    text: '',
    names: rows.map(row => row.key),
    action: t('Scale'),
    number: { label: t('Replicas'), value },
    command: ({ number }) => asKubectl('scale', type, rows, `--replicas=${number}`),
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

const labelWords = (line: string): string[] =>
  Object.entries(parseLabelLine(line).labels).map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`))

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
    command: ({ line }) => asKubectl('label', type, rows, ...labelWords(line), '--overwrite'),
  })
  if (!answer.confirmed) return
  const { labels } = parseLabelLine(answer.line)
  await forEach(rows, t('Labelled {things}', { things: count(rows, type.kind) }), row =>
    connection.client.patch(type, refOf(row), { metadata: { labels } }, { type: 'merge' }),
  )
}

export function editingActions(kind: ServedKind): Drafts {
  const { type, verbs, subresources } = kind
  return [
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
  ]
}

export function lastActions(kind: ServedKind): Drafts {
  const { verbs } = kind
  return [
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
}
