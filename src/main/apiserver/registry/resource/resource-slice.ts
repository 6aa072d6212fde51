// ResourceSlices.
import { ResourceSlice } from '../../../../shared/api/resource/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { entries, list } from '../support/collections.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateSlice, validateSliceUpdate } from './validate-slice.ts'

const LISTS = ['ints', 'bools', 'strings', 'versions'] as const

export const resourceSlices = defineResource<ResourceSlice>({
  type: ResourceSlice,
  setDefaults: slice => {
    ensureStructs(slice, 'spec')
    for (const device of list(slice.spec.devices)) {
      // Nobody selects by several values of one attribute.
      for (const [, attribute] of entries(device.attributes)) for (const name of LISTS) delete attribute[name]
      for (const [, capacity] of entries(device.capacity)) capacity.value ??= '0'
      for (const taint of list(device.taints)) taint.timeAdded ??= formatTime(Date.now())
      for (const [, mapping] of entries(device.nodeAllocatableResourceMappings)) mapping.allocationMultiplier ??= '1'
    }
  },
  ...generationOnly(),
  validate: validateSlice,
  validateUpdate: validateSliceUpdate,
  warnings: ({ spec: { driver } }) =>
    driver === driver.toLowerCase()
      ? []
      : [`spec.driver: driver names should be lowercase; "${driver}" contains uppercase characters`],
  selectableFields: {
    'spec.nodeName': slice => slice.spec.nodeName ?? '',
    'spec.driver': slice => slice.spec.driver ?? '',
  },
  unknownField: field => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
  columns: [
    nameColumn,
    text('Node', 'Node that has the devices.', slice => slice.spec.nodeName ?? ''),
    text('Driver', 'Driver of the devices.', slice => slice.spec.driver),
    text('Pool', 'Pool that the slice is part of.', slice => slice.spec.pool?.name ?? ''),
    ageColumn,
  ],
})
