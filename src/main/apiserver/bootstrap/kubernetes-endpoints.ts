// The addresses behind the `kubernetes` Service: where this API server is now.
import { isIPv6 } from 'node:net'
import { Endpoints } from '../../../shared/api/core/v1.ts'
import { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import type { UserInfo } from '../request.ts'

export interface AdvertisedAddress {
  /** An IP address that nodes can reach; not a loopback address. */
  readonly host: string
  readonly port: number
}

const NAME = { namespace: 'default', name: 'kubernetes' }

async function put(
  context: EndpointContext,
  type: ResourceType<KubeObject>,
  content: Record<string, unknown>,
  labels: Record<string, string>,
  user: UserInfo,
): Promise<void> {
  const resource = context.resources.byUrl(type.group, type.version, type.plural)
  if (!resource) return
  try {
    await context.change(
      resource,
      NAME,
      copy => {
        Object.assign(copy, structuredClone(content))
        copy.metadata.labels = { ...copy.metadata.labels, ...labels }
      },
      { user, strategy: 'main' },
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
    const object = { ...structuredClone(content), metadata: { name: NAME.name, labels } } as unknown as AnyObject
    await context.create(resource, NAME.namespace, object, { user })
  }
}

/** Makes or corrects the Endpoints and the EndpointSlice. */
export async function publishKubernetesEndpoints(
  context: EndpointContext,
  { host, port }: AdvertisedAddress,
  user: UserInfo,
): Promise<void> {
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  await Promise.all([
    put(
      context,
      Endpoints,
      { subsets: [{ addresses: [{ ip: host }], ports }] },
      { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      user,
    ),
    put(
      context,
      EndpointSlice,
      {
        addressType: isIPv6(host) ? 'IPv6' : 'IPv4',
        endpoints: [{ addresses: [host], conditions: { ready: true } }],
        ports,
      },
      { 'kubernetes.io/service-name': 'kubernetes' },
      user,
    ),
  ])
}
