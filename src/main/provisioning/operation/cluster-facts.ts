// What the preflight of a host compares it with: the cluster's networks, its nodes, and hosts that come before this one.
import { createHash } from 'node:crypto'
import { Node } from '../../../shared/api/core/v1.ts'
import { Host } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { relayedNodes } from '../../../shared/machinery/relayed.ts'
import type { AgentFiles } from '../agent-files.ts'
import { nodeNameOf } from '../node-name.ts'
import type { ClusterFacts } from '../preflight/contract.ts'
import type { ClusterSettings } from '../steps/contract.ts'

interface Parts {
  readonly client: Client
  readonly cluster: ClusterSettings
  readonly files: AgentFiles
  /** As of `OperationParts`. */
  readonly arriving: ReadonlySet<string>
}

/** @param own what is decided about the host itself */
export async function clusterFacts(
  { client, cluster, files, arriving }: Parts,
  host: Host,
  own: Pick<ClusterFacts, 'nodeName' | 'apiPort'>,
): Promise<Omit<ClusterFacts, 'ways'>> {
  const [{ items }, hosts, bundle] = await Promise.all([client.list(Node), client.list(Host), files.bundle()])
  return {
    bundle: bundle.id,
    clusterCIDRs: cluster.clusterCIDRs,
    serviceCIDRs: cluster.serviceCIDRs,
    networkBackend: cluster.networkBackend,
    caHash: createHash('sha256').update(cluster.caPem).digest('hex'),
    ...own,
    hosts: hosts.items
      .filter(other => hasPrecedence(other, host, arriving))
      .map(other => ({
        name: other.metadata.name,
        machineID: other.status.facts?.machineID ?? '',
        nodeName: arriving.has(other.metadata.name)
          ? nodeNameOf(other, other.status.facts?.hostname ?? '')
          : other.status.nodeName,
      })),
    nodes: items.map(({ metadata, status }) => ({
      name: metadata.name,
      machineID: status.nodeInfo?.machineID ?? '',
      address: status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
      relayed: isConditionTrue(status.conditions, 'Ready') ? relayedNodes(status.conditions) : undefined,
    })),
  }
}

/**
 * Of two hosts that are one machine, or would be one node, the one that is a node or becomes one stays; else the one that
 * was added first.
 */
function hasPrecedence(
  other: Host,
  { metadata: { name, creationTimestamp }, status }: Host,
  arriving: ReadonlySet<string>,
): boolean {
  if (other.metadata.name === name) return false
  const [theirs, ours] = [other, { status }].map(host => host.status.nodeName !== undefined)
  if (theirs !== ours) return theirs === true
  if (arriving.has(other.metadata.name) && arriving.has(name))
    return [...arriving].find(each => each === name || each === other.metadata.name) !== name
  const before = other.metadata.creationTimestamp.localeCompare(creationTimestamp)
  return before < 0 || (before === 0 && other.metadata.name < name)
}
