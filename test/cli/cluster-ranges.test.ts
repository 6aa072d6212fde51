// The ranges of pods and Services, from the command line to what nodes are told.
import { expect, it } from 'vitest'
import { parseClusterRanges } from '../../src/main/cli/cluster-ranges.ts'
import { CLUSTER_NETWORK, clusterNetwork } from '../../src/main/cluster-network.ts'

const parse = (clusterCidr?: string, serviceClusterIpRange?: string) =>
  parseClusterRanges({ ...(clusterCidr && { clusterCidr }), ...(serviceClusterIpRange && { serviceClusterIpRange }) })

it('the API server and the DNS have the first and the tenth address of the IPv4 range', () => {
  const ranges = parse('10.10.0.0/16,fd00:10::/48', '10.20.0.0/20, fd00:20::/112')
  expect(clusterNetwork(ranges)).toMatchObject({
    clusterCIDR: '10.10.0.0/16',
    clusterCIDRs: ['10.10.0.0/16', 'fd00:10::/48'],
    serviceCIDR: '10.20.0.0/20',
    serviceCIDRs: ['10.20.0.0/20', 'fd00:20::/112'],
    kubernetesServiceIP: '10.20.0.1',
    clusterDNS: '10.20.0.10',
  })
  expect(clusterNetwork(parse())).toEqual(CLUSTER_NETWORK)
  expect(CLUSTER_NETWORK).toMatchObject({ kubernetesServiceIP: '10.96.0.1', clusterDNS: '10.96.0.10' })
})

it.each([
  ['10.10.0.0', undefined, '--cluster-cidr wants ranges of addresses'],
  ['10.10.0.1/16', undefined, '--cluster-cidr wants ranges of addresses'],
  ['10.10.0.0/16,', undefined, '--cluster-cidr wants ranges of addresses'],
  ['10.10.0.0/25', undefined, '--cluster-cidr wants IPv4 ranges between /8 and /24'],
  ['10.10.0.0/16,fd00::/80', undefined, '--cluster-cidr wants IPv6 ranges between /16 and /64'],
  ['10.10.0.0/16,10.11.0.0/16', undefined, '--cluster-cidr wants one IPv4 range'],
  ['fd00::/48,10.10.0.0/16', undefined, '--cluster-cidr wants one IPv4 range'],
  [undefined, '10.96.0.0/30', '--service-cluster-ip-range wants IPv4 ranges between /8 and /28'],
  [undefined, 'fd00::/112', '--service-cluster-ip-range wants one IPv4 range'],
  ['10.0.0.0/8', '10.96.0.0/16', 'overlap'],
  ['10.0.0.0/8', undefined, '--cluster-cidr 10.0.0.0/8 and --service-cluster-ip-range 10.96.0.0/16 overlap'],
  [undefined, '10.244.0.0/20', '--cluster-cidr 10.244.0.0/16 and --service-cluster-ip-range 10.244.0.0/20 overlap'],
])('refuses %j and %j', (pods, services, why) => {
  expect(() => parse(pods, services)).toThrow(why)
})
