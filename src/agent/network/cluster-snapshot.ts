// The part of Services, EndpointSlices and Nodes that is kept on the node's disk.
import type { Node, Service } from '../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { WIREGUARD_ANNOTATION } from './wireguard/identity.ts'

export interface ClusterSnapshot {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly nodes: readonly Node[]
}

export const slimNode = ({ apiVersion, kind, metadata, spec, status: { addresses } }: Node): Node => ({
  apiVersion,
  kind,
  metadata: {
    ...slim({ apiVersion, kind, metadata }).metadata,
    ...(metadata.annotations?.[WIREGUARD_ANNOTATION] && {
      annotations: { [WIREGUARD_ANNOTATION]: metadata.annotations[WIREGUARD_ANNOTATION] },
    }),
  },
  spec,
  status: addresses ? { addresses } : {},
})

/** Without what only other readers care for. */
export function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _managed, annotations: _annotations, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** The file is our own; this tells it from a damaged or older one. */
export function isClusterSnapshot(value: unknown): value is ClusterSnapshot {
  const snapshot = value as Partial<ClusterSnapshot> | undefined
  return Array.isArray(snapshot?.services) && Array.isArray(snapshot.slices) && Array.isArray(snapshot.nodes)
}
