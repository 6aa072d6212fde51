// Where volumes of a class may be made.
import type { Node } from '../api/core/v1.ts'
import type { StorageClass } from '../api/storage/v1.ts'
import { labelOf } from './selectors.ts'

/** @returns whether the class makes volumes that the node reaches; terms are alternatives */
export const reachesTopology = ({ allowedTopologies = [] }: StorageClass, { metadata }: Node): boolean =>
  allowedTopologies.length === 0 ||
  allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labelOf(metadata.labels, key) ?? '')),
  )
