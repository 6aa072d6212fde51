// CSINodes.
import { CSINode } from '../../../../shared/api/storage/v1.ts'
import { ageColumn, integer, nameColumn } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { validateCSINode, validateCSINodeUpdate } from './validate-csi.ts'
import { ensureStructs } from '../support/strategy.ts'

export const csiNodes = defineResource<CSINode>({
  type: CSINode,
  updatesNeedVersion: true,
  setDefaults: node => {
    ensureStructs(node, 'spec')
    node.spec.drivers ??= []
  },
  validate: validateCSINode,
  validateUpdate: validateCSINodeUpdate,
  columns: [nameColumn, integer('Drivers', 'Number of drivers.', node => list(node.spec.drivers).length), ageColumn],
})
