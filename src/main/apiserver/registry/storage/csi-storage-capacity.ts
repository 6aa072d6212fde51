// CSIStorageCapacities.
import { CSIStorageCapacity } from '../../../../shared/api/storage/v1.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { nonNegativeAmount } from '../support/resource-names.ts'
import { oldNodeLabel, oldNodeLabelsIn } from '../support/warnings.ts'
import { immutable, obey, validateLabelSelector } from '../support/rules.ts'

/** One that is empty selects every node, one that is not there none. */
function topologyStays(
  { nodeTopology: now }: CSIStorageCapacity,
  { nodeTopology: old }: CSIStorageCapacity,
): FieldError[] {
  if ((now === undefined) !== (old === undefined))
    return [invalidValue('nodeTopology', now ?? null, 'field is immutable')]
  return immutable('nodeTopology', now, old)
}

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  type: CSIStorageCapacity,
  updatesNeedVersion: true,
  validate: ({ storageClassName, nodeTopology, capacity }) => [
    ...obey('storageClassName', storageClassName ?? '', dns1123Subdomain),
    ...validateLabelSelector('nodeTopology', nodeTopology),
    ...nonNegativeAmount('capacity', capacity),
  ],
  warnings: ({ nodeTopology }) => [
    ...oldNodeLabelsIn('nodeTopology', nodeTopology?.matchExpressions),
    ...Object.keys(nodeTopology?.matchLabels ?? {}).flatMap(key =>
      oldNodeLabel(`nodeTopology.matchLabels.${key}`, key),
    ),
  ],
  validateUpdate: (capacity, old) => [
    ...topologyStays(capacity, old),
    ...immutable('storageClassName', capacity.storageClassName ?? '', old.storageClassName),
  ],
  columns: defaultColumns,
})
