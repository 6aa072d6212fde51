// Where volumes of a class may be made.
import type { Node } from '../api/core/v1.ts'
import type { StorageClass } from '../api/storage/v1.ts'
import { labelOf } from './selectors.ts'

/** @returns whether the class makes volumes that the node reaches; terms are alternatives, an empty one allows nothing */
export const reachesTopology = ({ allowedTopologies = [] }: StorageClass, { metadata }: Node): boolean =>
  allowedTopologies.length === 0 ||
  allowedTopologies.some(
    ({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.length > 0 &&
      matchLabelExpressions.every(({ key, values }) => {
        const value = labelOf(metadata.labels, key)
        return value !== undefined && values.includes(value)
      }),
  )
