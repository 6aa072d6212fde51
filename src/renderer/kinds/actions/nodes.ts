// What nodes allow: getting into them, and keeping pods off.
import { FolderOpen, LogOut, PauseCircle, PlayCircle, SquareTerminal } from '@lucide/vue'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { connection } from '../../api/connection.ts'
import type { ServedKind } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { useDebugStore } from '../../dock/debug.ts'
import { useDrainStore } from '../../nodes/drains.ts'
import { useConfirmStore } from '../../stores/confirm.ts'
import { t } from '../../i18n/i18n.ts'
import { type Drafts, type Need, PATCH, first, ofPods } from './action.ts'
import { asKubectl } from './as-kubectl.ts'
import { count, forEach, refOf } from './change.ts'

/** Nodes are in no namespace. */
const named = (rows: readonly Row[]) => rows.map(({ name }) => ({ name }))

async function cordon(kind: ServedKind, rows: readonly Row[]): Promise<void> {
  const names = rows.map(({ name }) => name)
  const { confirmed } = await useConfirmStore().ask({
    title: t('Cordon {things}?', { things: count(rows, 'Node') }),
    text: t('No new pods are placed there; those that run stay.'),
    names,
    action: t('Cordon'),
    whatIf: () => ({ cordon: names }),
    command: () => asKubectl('cordon', undefined, named(rows)),
  })
  if (confirmed) await setUnschedulable(kind, rows, true)
}

const setUnschedulable = ({ type }: ServedKind, rows: readonly Row[], unschedulable: boolean) =>
  forEach(
    rows,
    t(unschedulable ? 'Cordoned {things}' : 'Uncordoned {things}', { things: count(rows, type.kind) }),
    row => connection.client.patch(type, refOf(row), { spec: { unschedulable } }, { type: 'merge' }),
    unschedulable ? undefined : asKubectl('uncordon', undefined, named(rows)),
  )

const isCordoned = ({ spec }: AnyObject) => (spec as { unschedulable?: boolean } | undefined)?.unschedulable === true
/** A pod is made on the node, and got into. */
const INTO_NODES: readonly Need[] = [undefined, 'exec'].map(subresource => ({
  ...{ verb: 'create', group: '', resource: 'pods', namespace: 'default', subresource },
}))
export const intoNodeActions = ({ type }: ServedKind): Drafts => [
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
]

export const nodeActions = (kind: ServedKind): Drafts => {
  const { type } = kind
  return [
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
  ]
}
