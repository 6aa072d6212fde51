// How `kubectl get nodes` shows a node.
import type { Node } from '../../../../shared/api/core/v1.ts'
import { entries, list } from '../support/collections.ts'
import type { Column } from '../resource.ts'
import { NONE, ageColumn, nameColumn, text, wide } from './common.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

function status(node: Node): string {
  const ready = list(node.status.conditions).findLast(c => c.type === 'Ready')
  const word = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec.unschedulable ? `${word},SchedulingDisabled` : word
}

function roles(node: Node): string {
  const found = new Set<string>()
  for (const [key, value] of entries(node.metadata.labels)) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length))
    else if (key === 'kubernetes.io/role' && value) found.add(value)
  }
  return [...found].sort().join(',') || NONE
}

const address = (type: string) => (node: Node) =>
  list(node.status.addresses).find(a => a.type === type)?.address ?? NONE

function kernel(node: Node): string {
  const { kernelVersion, architecture } = node.status.nodeInfo ?? {}
  return (kernelVersion || '<unknown>') + (architecture ? ` (${architecture})` : '')
}

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  text('Status', 'Whether the node is ready and takes pods.', status),
  text('Roles', 'Roles given to the node by labels.', roles),
  ageColumn,
  text('Version', 'Version of the kubelet.', node => node.status.nodeInfo?.kubeletVersion ?? ''),
  wide(text('Internal-IP', 'Address inside the cluster.', address('InternalIP'))),
  wide(text('External-IP', 'Address outside the cluster.', address('ExternalIP'))),
  wide(text('OS-Image', 'Operating system.', node => node.status.nodeInfo?.osImage || '<unknown>')),
  wide(text('Kernel-Version', 'Kernel and architecture.', kernel)),
  wide(
    text('Container-Runtime', 'Container runtime and its version.', node => {
      return node.status.nodeInfo?.containerRuntimeVersion || '<unknown>'
    }),
  ),
]
