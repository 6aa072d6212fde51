// Changes in the cluster that may make a waiting pod schedulable. A plugin that rejected a pod says which ones.
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { ClusterView } from './cluster-view.ts'

export interface ClusterEvent {
  /** Kind such as `Node`. */
  readonly kind: string
  readonly action: 'added' | 'updated' | 'deleted'
  readonly object?: KubeObject
  readonly old?: KubeObject
}

export interface EventHint {
  readonly kind: string
  readonly actions: readonly ClusterEvent['action'][]
  /** Whether this very event may help this pod, in a cluster that looks so by now; absent = every one may. */
  readonly helps?: (pod: Pod, event: ClusterEvent, view: ClusterView) => boolean
}

export const on = (kind: string, actions: EventHint['actions'], helps?: EventHint['helps']): EventHint => ({
  kind,
  actions,
  ...(helps ? { helps } : {}),
})

export const eventMatches = (hint: EventHint, event: ClusterEvent, pod: Pod, view: ClusterView): boolean =>
  hint.kind === event.kind && hint.actions.includes(event.action) && (hint.helps?.(pod, event, view) ?? true)

/** The room that a pod had on a node, or was promised there, is free again. */
export function leftNode(pod: Pod, nodeName: string): ClusterEvent {
  const object: Pod = { ...pod, spec: { ...pod.spec, nodeName } }
  return { kind: 'Pod', action: 'deleted', object }
}

/** The node that a pod of the event is or was on; undefined for events of other kinds and pods without a node. */
export const nodeNameOf = ({ kind, object }: ClusterEvent): string | undefined =>
  kind === 'Pod' ? (object as Pod | undefined)?.spec.nodeName : undefined
