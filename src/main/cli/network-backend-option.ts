// `--network-backend`: how pods' packets travel between nodes.
import { Option } from 'commander'
import { NETWORK_BACKENDS } from '../../shared/machinery/node-network.ts'

export const networkBackendOption = (): Option =>
  new Option(
    '--network-backend <backend>',
    'between nodes: auto (routes, VXLAN between subnets) or wireguard (encrypted); kept until another is given',
  ).choices(NETWORK_BACKENDS)
