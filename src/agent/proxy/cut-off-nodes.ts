// Node ports of nodes that only the relay reaches. It carries what is for pods, so this node sends what goes to their
// node ports on to the pods by itself, as it does with its own.
import { cidrContains } from '../../shared/machinery/cidr.ts'
import { addressesIn, type Family } from '../network/family.ts'
import type { Peer } from '../network/node-routes.ts'
import { noRules, type Rules } from './rules.ts'

/**
 * @param chosen what answers for node ports, `primary` or ranges; undefined = every address of a node
 * @returns elements of the set of base-rules.ts
 */
export function cutOffNodes(family: Family, peers: readonly Peer[], chosen: readonly string[] | undefined): Rules {
  const answers = (ip: string) => !chosen || chosen.some(each => each === 'primary' || cidrContains(each, ip))
  const ips = peers.flatMap(({ nodeIP, ipv6 }) => [nodeIP, ...[ipv6?.nodeIP ?? []].flat()]).filter(answers)
  return { ...noRules, elements: addressesIn(family, ips).map(key => ({ set: 'cut-off-nodes', key, value: '' })) }
}
