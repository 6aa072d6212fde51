// Everything that is looked at before a host is touched, in one readable list.
import type { HostFinding } from '../../../shared/api/flotilla/v1.ts'
import { agentRuns, agentVersion, otherFlotilla, otherKubernetes } from './checks/clusters.ts'
import { clock } from './checks/clock.ts'
import { docker } from './checks/docker.ts'
import { firewalls, selinux } from './checks/firewalls.ts'
import { controlPlane, forwarding, mtu, networks, nodeAddress, peers, ports, proxies, tools } from './checks/network.ts'
import {
  apparmor,
  architecture,
  cgroups,
  disk,
  identity,
  kernel,
  libc,
  memory,
  privileges,
  swap,
  systemd,
} from './checks/system.ts'
import type { Check, ClusterFacts } from './contract.ts'
import type { Facts } from './facts.ts'

const checks: readonly Check[] = [
  privileges,
  architecture,
  kernel,
  libc,
  systemd,
  cgroups,
  disk,
  memory,
  swap,
  clock,
  identity,
  docker,
  tools,
  networks,
  nodeAddress,
  ports,
  mtu,
  proxies,
  firewalls,
  selinux,
  apparmor,
  forwarding,
  controlPlane,
  peers,
  otherKubernetes,
  otherFlotilla,
  agentVersion,
  agentRuns,
]

/** @returns findings, the worst first */
export function preflight(facts: Facts, cluster: ClusterFacts): HostFinding[] {
  const order = ['Error', 'Warning', 'Info']
  return checks
    .flatMap(check => check.look(facts, cluster))
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
