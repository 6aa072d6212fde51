// Nodes.
import { Node, type NodeSpec } from '../../../../shared/api/core/v1.ts'
import { nodeColumns } from '../columns/node.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { unusualRange } from '../support/warnings.ts'
import { ensureStructs, keepStatus, statusStrategy } from '../support/strategy.ts'
import { validateNode, validateNodeStatus, validateNodeUpdate } from './validate-node.ts'

/** `podCIDR` is the first of `podCIDRs`; where they differ, it counts. */
function agree(spec: NodeSpec): void {
  const [first] = spec.podCIDRs ?? []
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR]
  else if (first) spec.podCIDR = first
}

const status = statusStrategy<Node>(validateNodeStatus)

export const nodes = defineResource<Node>({
  type: Node,
  shortNames: ['no'],
  setDefaults: node => {
    ensureStructs(node, 'spec', 'status')
    agree(node.spec)
    if (node.status.capacity && !node.status.allocatable) node.status.allocatable = { ...node.status.capacity }
    node.status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } }
    node.status.nodeInfo ??= {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: '',
      osImage: '',
      containerRuntimeVersion: '',
      kubeletVersion: '',
      kubeProxyVersion: '',
      operatingSystem: '',
      architecture: '',
    }
  },
  // Nodes register themselves with a status: unlike other kinds, create keeps it. What told them where their kubelet's
  // configuration is does so no more.
  prepareForCreate: ({ spec, status }) => {
    delete spec.configSource
    delete status.config
  },
  prepareForUpdate: (node, old) => {
    keepStatus(node, old)
    if (!old.spec.configSource) delete node.spec.configSource
  },
  status: {
    ...status,
    prepareForUpdate: (node, old) => {
      status.prepareForUpdate?.(node, old)
      if (!old.status.config) delete node.status.config
    },
  },
  selectableFields: { 'spec.unschedulable': node => String(node.spec.unschedulable ?? false) },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  warnings: ({ spec }) => [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...list(spec.podCIDRs).flatMap((cidr, i) => unusualRange(`spec.podCIDRs[${i}]`, cidr)),
  ],
  columns: nodeColumns,
})
