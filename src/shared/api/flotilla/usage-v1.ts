// Types of usage.flotilla.dev/v1: what nodes and pods used over the last hours. Kept in the control plane's memory, one
// reading a minute, and answered to whoever may read it; never stored.
import type { LiveMeta, NamespacedMeta } from '../../machinery/object.ts'
import type { ResourceType } from '../../machinery/resource-type.ts'

const GROUP = 'usage.flotilla.dev'

export interface UsageSample {
  /** RFC 3339. */
  timestamp: string
  /** Cores, as a quantity such as `12500u`. */
  cpu: string
  /** Bytes, as a quantity such as `81920Ki`. */
  memory: string
}

export interface NodeUsage {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  /** Oldest first; moments at which nothing was measured are left out. In long lists, fewer of them. */
  samples: UsageSample[]
}
export const NodeUsage: ResourceType<NodeUsage> = { group: GROUP, version: 'v1', kind: 'NodeUsage', plural: 'nodeusages', namespaced: false } // prettier-ignore

export interface PodUsage {
  apiVersion: string
  kind: string
  metadata: NamespacedMeta
  /** Of all its containers together; oldest first, as of nodes. */
  samples: UsageSample[]
}
export const PodUsage: ResourceType<PodUsage> = { group: GROUP, version: 'v1', kind: 'PodUsage', plural: 'podusages', namespaced: true } // prettier-ignore
