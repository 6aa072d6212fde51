// Endpoints.
import { Endpoints } from '../../../../shared/api/core/v1.ts'
import { endpointsColumns } from '../columns/endpoints.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
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
  columns: endpointsColumns,
})
