// Types of metrics.k8s.io/v1beta1. The group is not in upstream's OpenAPI document, so these are written by hand.
// @see https://github.com/kubernetes/design-proposals-archive/blob/main/instrumentation/resource-metrics-api.md
import type { LiveMeta, NamespacedMeta } from './object.ts'
import type { ResourceType } from './resource-type.ts'

/** Quantities by resource: `cpu` in cores, `memory` in bytes. */
export type Usage = Record<string, string>

export interface NodeMetrics {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  /** End of the window that `usage` was measured in. */
  timestamp: string
  /** Such as `15.02s`. */
  window: string
  usage: Usage
}
export const NodeMetrics: ResourceType<NodeMetrics> = { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'NodeMetrics', plural: 'nodes', namespaced: false } // prettier-ignore

export interface ContainerMetrics {
  name: string
  usage: Usage
}

export interface PodMetrics {
  apiVersion: string
  kind: string
  metadata: NamespacedMeta
  timestamp: string
  window: string
  containers: ContainerMetrics[]
}
export const PodMetrics: ResourceType<PodMetrics> = { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics', plural: 'pods', namespaced: true } // prettier-ignore
