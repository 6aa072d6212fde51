// Where this node's pod range comes from: the options, the last run, or the Node object once the cluster gave it one.
import type { ClusterView } from './cluster-view.ts'
import { requireCidr } from '../../shared/machinery/ipv4.ts'
import { peerOf, podCIDR6Of } from './node-routes.ts'
import { readState, writeStateSync } from './state-file.ts'

export interface PodCIDROptions {
  readonly podCIDR?: string
  readonly path: string
  readonly view: ClusterView
  readonly nodeName: string
  readonly signal?: AbortSignal
}

/** @returns the range, remembered for the next start. */
export async function findPodCIDR({ podCIDR, path, view, nodeName, signal }: PodCIDROptions): Promise<string> {
  const saved = readState(path)
  const cidr = podCIDR ?? cidrOf(view, nodeName) ?? (typeof saved === 'string' ? saved : undefined)
  const found = cidr ?? (await nextCIDR(view, nodeName, signal))
  requireCidr(found)
  if (found !== saved) writeStateSync(path, found)
  return found
}

/** @returns the IPv6 range, remembered likewise; undefined when the node has none, or nothing is known of it */
export function findPodCIDR6({ podCIDR, path, view, nodeName }: PodCIDROptions): string | undefined {
  const saved = readState(path)
  const node = view.nodes.get(nodeName)
  const found = podCIDR ?? (node ? podCIDR6Of(node.spec) : typeof saved === 'string' ? saved : undefined)
  if (found !== undefined && found !== saved) writeStateSync(path, found)
  return found
}

function cidrOf(view: ClusterView, nodeName: string): string | undefined {
  const node = view.nodes.get(nodeName)
  return node?.spec.podCIDR ?? (node && peerOf(node)?.podCIDR)
}

function nextCIDR(view: ClusterView, nodeName: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      forget()
      signal?.removeEventListener('abort', abort)
    }
    const abort = () => {
      settle()
      reject(signal?.reason as Error)
    }
    const forget = view.on({
      node: () => {
        const cidr = cidrOf(view, nodeName)
        if (cidr === undefined) return
        settle()
        resolve(cidr)
      },
    })
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
  })
}
