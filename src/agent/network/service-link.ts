// The interface that carries the service addresses the node answers itself (DNS, API server), and the route that
// gives connections to service addresses a way out before they are redirected.
import type { Run } from './exec.ts'
import { ipBatch, ipBatchForce } from './ip.ts'
import type { NodeIPv6 } from './ipv6.ts'
import { SERVICE_LINK } from '../../shared/machinery/node-network.ts'
import { ROUTE_PROTOCOL } from './names.ts'

export interface ServiceLinkOptions {
  readonly run: Run
  readonly addresses: readonly string[]
  readonly serviceCIDR: string
  readonly clusterCIDR: string
  /** The node's address in the pod network. */
  readonly hostIP: string
  /** The one that other nodes' probes are for. */
  readonly probeIP: string
  readonly ipv6?: NodeIPv6 | undefined
}

export async function setUpServiceLink({
  run,
  addresses,
  serviceCIDR,
  clusterCIDR,
  hostIP,
  probeIP,
  ipv6,
}: ServiceLinkOptions): Promise<void> {
  if (!(await exists(run))) await create(run)
  await ipBatch(run, [
    `link set ${SERVICE_LINK} addrgenmode none`,
    `link set ${SERVICE_LINK} up`,
    // Scope host: never chosen as the source of a masqueraded packet.
    ...addresses.map(address => `address replace ${address}/32 dev ${SERVICE_LINK} scope host`),
    // A source for the host's own connections to pods that no change of the machine's addresses takes away.
    `address replace ${hostIP}/32 dev ${SERVICE_LINK} scope link`,
    `address replace ${probeIP}/32 dev ${SERVICE_LINK} scope link`,
    // Addresses that no pod has fail at once, and are not asked for at the machine's default gateway.
    `route replace unreachable ${clusterCIDR} proto ${ROUTE_PROTOCOL}`,
    `route replace ${serviceCIDR} dev ${SERVICE_LINK} scope link src ${hostIP} proto ${ROUTE_PROTOCOL}`,
    ...(ipv6 ? lines6(ipv6) : []),
  ])
}

/** The same for IPv6, which has no scope to keep an address from being a source: one past its time is chosen last. */
const lines6 = ({ clusterCIDR, serviceCIDR, clusterDNS, hostIP }: NodeIPv6): string[] => [
  `address replace ${clusterDNS}/128 dev ${SERVICE_LINK} nodad preferred_lft 0`,
  `address replace ${hostIP}/128 dev ${SERVICE_LINK} nodad`,
  `route replace unreachable ${clusterCIDR} proto ${ROUTE_PROTOCOL}`,
  `route replace ${serviceCIDR} dev ${SERVICE_LINK} src ${hostIP} proto ${ROUTE_PROTOCOL}`,
]

export const removeServiceLink = (run: Run): Promise<void> => ipBatchForce(run, [`link delete ${SERVICE_LINK}`])

const exists = (run: Run): Promise<boolean> =>
  run(['ip', 'link', 'show', 'dev', SERVICE_LINK]).then(
    () => true,
    () => false,
  )

/** A bridge without ports does the same where the kernel lacks the dummy driver. */
async function create(run: Run): Promise<void> {
  try {
    await ipBatch(run, [`link add ${SERVICE_LINK} type dummy`])
  } catch {
    await ipBatch(run, [`link add ${SERVICE_LINK} type bridge`])
  }
}
