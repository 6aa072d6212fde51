// EndpointSlices.
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { EndpointSlice } from '../../../../shared/api/discovery/v1.ts'
import { UNSET, ageColumn, firstThree, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list, lookup } from '../support/collections.ts'
import { unusualAddress } from '../support/warnings.ts'
import { bumpGeneration, startGeneration } from '../support/strategy.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validate.ts'

/** Whose addresses are canonical. */
const OWN_MAKERS: ReadonlySet<unknown> = new Set([
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
])

export const endpointSlices = defineResource<EndpointSlice>({
  type: EndpointSlice,
  setDefaults: slice => {
    for (const port of list(slice.ports)) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  prepareForCreate: startGeneration,
  prepareForUpdate: (slice, old) =>
    deepEqual(slice.metadata.labels ?? {}, old.metadata.labels ?? {})
      ? bumpGeneration(slice, old, 'endpoints', 'ports', 'addressType')
      : void (slice.metadata.generation = (old.metadata.generation ?? 0) + 1),
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  warnings: ({ metadata, addressType, endpoints }, old) => [
    ...(addressType === 'FQDN' && !old ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    ...(OWN_MAKERS.has(lookup(metadata.labels, 'endpointslice.kubernetes.io/managed-by'))
      ? []
      : list(endpoints).flatMap(({ addresses }, i) =>
          list(addresses).flatMap((address, j) => unusualAddress(`endpoints[${i}].addresses[${j}]`, address)),
        )),
  ],
  columns: [
    nameColumn,
    text('AddressType', 'IPv4, IPv6 or FQDN.', slice => slice.addressType),
    text('Ports', 'Ports of the endpoints.', slice =>
      firstThree(
        list(slice.ports).map(port => String(port.port ?? port.name ?? '*')),
        UNSET,
      ),
    ),
    text('Endpoints', 'Addresses of the endpoints.', slice =>
      firstThree(
        list(slice.endpoints).flatMap(endpoint => list(endpoint.addresses)),
        UNSET,
      ),
    ),
    ageColumn,
  ],
})
