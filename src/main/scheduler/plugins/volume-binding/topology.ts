// Where volumes of a class may be made.
import type { Node } from '../../../../shared/api/core/v1.ts'
import type { StorageClass } from '../../../../shared/api/storage/v1.ts'
import { labelOf } from '../../../../shared/machinery/selectors.ts'

/** @returns whether the class makes volumes that the node reaches; terms are alternatives */
export const reachesTopology = ({ allowedTopologies = [] }: StorageClass, { metadata }: Node): boolean =>
  allowedTopologies.length === 0 ||
  allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labelOf(metadata.labels, key) ?? '')),
  )
