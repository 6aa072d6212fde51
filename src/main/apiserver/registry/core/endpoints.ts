// Endpoints.
import { Endpoints } from '../../../../shared/api/core/v1.ts'
import { endpointsColumns } from '../columns/endpoints.ts'
import { defineResource } from '../resource.ts'
import { list, lookup } from '../support/collections.ts'
import { unusualAddress } from '../support/warnings.ts'
import { validateEndpoints } from './validate-endpoints.ts'

export const endpoints = defineResource<Endpoints>({
  type: Endpoints,
  createdByUpdates: true,
  singular: 'endpoints',
  shortNames: ['ep'],
  deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  setDefaults: ({ subsets }) => {
    for (const { ports } of list(subsets)) for (const port of list(ports)) port.protocol ||= 'TCP'
  },
  validate: validateEndpoints,
  warnings: ({ metadata, subsets }) =>
    // The controller's own are canonical.
    lookup(metadata.labels, 'endpoints.kubernetes.io/managed-by') === 'endpoint-controller'
      ? []
      : list(subsets).flatMap((subset, i) =>
          (['addresses', 'notReadyAddresses'] as const).flatMap(field =>
            list(subset[field]).flatMap(({ ip }, j) => unusualAddress(`subsets[${i}].${field}[${j}].ip`, ip)),
          ),
        ),
  columns: endpointsColumns,
})
