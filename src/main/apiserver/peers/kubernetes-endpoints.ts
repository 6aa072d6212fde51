// What the `kubernetes` Service leads to: every API server that is alive. Written as upstream does, with one slice for
// all that listen on the same port, which are mostly all.
import { Endpoints } from '../../../shared/api/core/v1.ts'
import { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { familyOf, type IPFamily } from '../../../shared/machinery/ip-address.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

export interface ApiEndpoint {
  readonly ip: string
  readonly port: number
}

const NAME = { name: 'kubernetes', namespace: 'default' } as const
const SERVICE_LABEL = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
/** Of the further slices; the first has none, as upstream's. */
const MANAGER = 'apiserver.flotilla.dev'

export const endpointText = ({ ip, port }: ApiEndpoint): string => `${familyOf(ip) === 'IPv6' ? `[${ip}]` : ip}:${port}`

/** @returns undefined for what is no endpoint */
export function parseEndpoint(text: string | undefined): ApiEndpoint | undefined {
  const [, ip, port] = /^\[?([\da-fA-F.:]+?)\]?:(\d{1,5})$/.exec(text ?? '') ?? []
  return ip === undefined ? undefined : { ip, port: Number(port) }
}

const isBefore = (a: ApiEndpoint, b: ApiEndpoint) => a.port - b.port || (a.ip < b.ip ? -1 : 1)

/** Each once, in an order that all API servers agree on. */
function byPort(endpoints: readonly ApiEndpoint[]): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const { ip, port } of [...endpoints].sort(isBefore)) {
    const group = groups.get(port) ?? []
    if (!group.includes(ip)) groups.set(port, [...group, ip])
  }
  return groups
}

const portsOf = (port: number) => [{ name: 'https', port, protocol: 'TCP' }]

function endpointsOf(endpoints: readonly ApiEndpoint[]): Draft<Endpoints> {
  const subsets = [...byPort(endpoints)].map(([port, ips]) => ({ addresses: ips.map(ip => ({ ip })), ports: portsOf(port) })) // prettier-ignore
  return { metadata: { ...NAME, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, subsets }
}

/** @param primary family of the Service */
function slicesOf(endpoints: readonly ApiEndpoint[], primary: IPFamily): Draft<EndpointSlice>[] {
  let first = true
  return (['IPv4', 'IPv6'] as const).flatMap(addressType =>
    [...byPort(endpoints.filter(({ ip }) => familyOf(ip) === addressType))].map(([port, ips]) => {
      const isMain = addressType === primary && first
      if (isMain) first = false
      return {
        metadata: {
          ...NAME,
          ...(isMain ? {} : { name: `kubernetes-${addressType.toLowerCase()}-${port}` }),
          labels: { [SERVICE_LABEL]: NAME.name, ...(isMain ? {} : { [MANAGED_BY]: MANAGER }) },
        },
        addressType,
        endpoints: ips.map(ip => ({ addresses: [ip], conditions: { ready: true } })),
        ports: portsOf(port),
      }
    }),
  )
}

/** What the cluster is told now. */
export async function writtenEndpoints(client: Client): Promise<ApiEndpoint[]> {
  const stored = await found(client.get(Endpoints, NAME))
  return (stored?.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => ports.map(({ port }) => ({ ip, port }))),
  )
}

/** Writes only what is not so yet. @throws ApiError `Conflict` when another API server was first */
export async function writeEndpoints(
  client: Client,
  endpoints: readonly ApiEndpoint[],
  primary: IPFamily,
): Promise<void> {
  const wanted = endpointsOf(endpoints)
  const stored = await found(client.get(Endpoints, NAME))
  if (!stored) await client.create(Endpoints, wanted)
  else if (!deepEqual(stored.subsets ?? [], wanted.subsets))
    await client.update(Endpoints, { ...stored, subsets: wanted.subsets ?? [] })

  const labelSelector = `${SERVICE_LABEL}=${NAME.name}`
  const { items } = await client.list(EndpointSlice, { namespace: NAME.namespace, labelSelector })
  const slices = slicesOf(endpoints, primary)
  const names = new Set(slices.map(({ metadata }) => metadata.name))
  const gone = items.filter(
    ({ metadata: { name, labels } }) => (labels?.[MANAGED_BY] === MANAGER || name === NAME.name) && !names.has(name),
  )
  for (const { metadata } of gone) await found(client.delete(EndpointSlice, metadata))
  for (const slice of slices) {
    const known = items.find(({ metadata }) => metadata.name === slice.metadata.name)
    // The family of a slice cannot be changed.
    const isOther = known !== undefined && known.addressType !== slice.addressType
    if (isOther) await found(client.delete(EndpointSlice, known.metadata))
    if (!known || isOther) await client.create(EndpointSlice, slice)
    else if (!deepEqual(known.endpoints, slice.endpoints) || !deepEqual(known.ports, slice.ports))
      await client.update(EndpointSlice, { ...known, endpoints: slice.endpoints ?? [], ports: slice.ports ?? [] })
  }
}

const found = <T>(promise: Promise<T>): Promise<T | undefined> =>
  promise.catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
