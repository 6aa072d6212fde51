// Nodes.
import { Node } from '../../../../shared/api/core/v1.ts'
import { nodeColumns } from '../columns/node.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, keepStatus, statusStrategy } from '../support/strategy.ts'
import { validateNode, validateNodeUpdate } from './validate-node.ts'

export const nodes = defineResource<Node>({
  type: Node,
  shortNames: ['no'],
  setDefaults: node => {
    ensureStructs(node, 'spec', 'status')
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
  // Nodes register themselves with a status: unlike other kinds, create keeps it.
  prepareForUpdate: keepStatus,
  status: statusStrategy<Node>(),
  selectableFields: { 'spec.unschedulable': node => String(node.spec.unschedulable ?? false) },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  columns: nodeColumns,
})
