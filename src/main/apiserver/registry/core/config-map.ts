// ConfigMaps.
import { ConfigMap } from '../../../../shared/api/core/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { entries } from '../support/collections.ts'
import { configMapErrors, validateConfigMapUpdate } from './validate-data.ts'

export const configMaps = defineResource<ConfigMap>({
  type: ConfigMap,
  shortNames: ['cm'],
  validateInPieces: configMapErrors,
  validateUpdate: validateConfigMapUpdate,
  columns: [
    nameColumn,
    text('Data', 'Number of entries.', map => entries(map.data).length + entries(map.binaryData).length),
    ageColumn,
  ],
})
