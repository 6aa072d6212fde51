// Changes in the cluster that may make a waiting pod schedulable. A plugin that rejected a pod says which ones.
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'

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
  /** Whether this very event may help this pod; absent = every one may. */
  readonly helps?: (pod: Pod, event: ClusterEvent) => boolean
}

export const on = (kind: string, actions: EventHint['actions'], helps?: EventHint['helps']): EventHint => ({
  kind,
  actions,
  ...(helps ? { helps } : {}),
})

export const eventMatches = (hint: EventHint, event: ClusterEvent, pod: Pod): boolean =>
  hint.kind === event.kind && hint.actions.includes(event.action) && (hint.helps?.(pod, event) ?? true)
