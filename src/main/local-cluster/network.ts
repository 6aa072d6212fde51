// The network that the nodes of a local cluster share: a bridge of Docker's, with addresses that stay.
import { createServer } from 'node:net'
import type Docker from 'dockerode'
import { contains, formatIPv4, parseIPv4, requireCidr } from '../../shared/machinery/ipv4.ts'
import { type ClusterRanges, clusterNetwork } from '../addresses/cluster-network.ts'
import { labelsOf, networkName } from './containers.ts'
import { LocalClusterError } from './error.ts'

const FIRST_PORT = 6443
const LAST_PORT = 6643

/**
 * Docker knows which ranges are free; containers keep their addresses only in a network with a range of its own. So the
 * range that it chose is given to it.
 */
export async function createNetwork(
  docker: Docker,
  cluster: string,
  ranges: ClusterRanges,
): Promise<{ subnet: string; gateway: string }> {
  const name = networkName(cluster)
  const Labels = labelsOf(cluster)
  const found = await docker.createNetwork({ Name: name, Labels })
  const { IPAM } = (await found.inspect()) as Docker.NetworkInspectInfo
  await found.remove()
  const subnet = IPAM?.Config?.[0]?.Subnet ?? ''
  const { clusterCIDR, serviceCIDR } = clusterNetwork(ranges)
  if ([clusterCIDR, serviceCIDR].some(range => overlap(range, subnet)))
    throw new LocalClusterError(
      `Docker's next free network is ${subnet}, which is the cluster's: give the cluster other ranges, or change Docker's default-address-pools`,
    )
  const gateway = formatIPv4(requireCidr(subnet).base + 1)
  await docker.createNetwork({
    Name: name,
    Labels,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
  })
  return { subnet, gateway }
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [requireCidr(one), requireCidr(other)]
  return contains(a, b.base) || contains(b, a.base)
}

/** @param index from 0 */
export const nodeAddress = (subnet: string, index: number): string =>
  formatIPv4((parseIPv4(subnet.split('/')[0] ?? '') ?? 0) + 10 + index)

/** @returns a port on which nobody listens at the address, and that is not kept for something else */
export async function freePort(host: string, kept: ReadonlySet<number>): Promise<number> {
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) if (!kept.has(port) && (await isFree(host, port))) return port
  throw new LocalClusterError(`no port from ${FIRST_PORT} to ${LAST_PORT} is free at ${host}`)
}

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
