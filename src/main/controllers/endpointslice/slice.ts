// EndpointSlice objects as this controller writes them.
import { Service } from '../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import { HEADLESS_LABEL, isHeadless } from '../support/service-pods.ts'
import { withTriggerTime } from '../support/trigger-times.ts'
import type { IPFamily } from '../../../shared/machinery/ip-address.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const MANAGER = 'endpointslice-controller.k8s.io'

/** The Service's own labels, and ours. */
export function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels }
  delete labels[HEADLESS_LABEL]
  if (isHeadless(service)) labels[HEADLESS_LABEL] = ''
  labels[SERVICE_NAME] = service.metadata.name
  labels[MANAGED_BY] = MANAGER
  return labels
}

export const draftSlice = (
  service: Service,
  addressType: IPFamily,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
  trigger: string | undefined,
): Draft<EndpointSlice> => ({
  metadata: {
    namespace: service.metadata.namespace,
    generateName: `${service.metadata.name}-`,
    labels: labelsOf(service),
    annotations: withTriggerTime({}, trigger),
    ownerReferences: [controllerRef(Service, service)],
  },
  addressType,
  ports: [...ports],
  endpoints: [...endpoints],
})

export const placeholderSlice = (
  service: Service,
  addressType: IPFamily,
  trigger: string | undefined,
): Draft<EndpointSlice> => draftSlice(service, addressType, [], [], trigger)

export const withEndpoints = (
  service: Service,
  slice: EndpointSlice,
  endpoints: readonly Endpoint[],
  trigger: string | undefined,
): EndpointSlice => ({
  ...slice,
  metadata: {
    ...slice.metadata,
    labels: labelsOf(service),
    annotations: withTriggerTime(slice.metadata.annotations, trigger),
  },
  endpoints: [...endpoints],
})
