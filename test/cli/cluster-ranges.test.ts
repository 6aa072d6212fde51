// The ranges of pods and Services, from the command line to what nodes are told.
import { describe, expect, it } from 'vitest'
import { parseClusterRanges } from '../../src/main/addresses/cluster-ranges.ts'
import { CLUSTER_NETWORK, clusterNetwork } from '../../src/main/addresses/cluster-network.ts'
import { keptRanges, settleRanges } from '../../src/main/addresses/kept-ranges.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

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
  expect(() => settleRanges(undefined, parse(pods, services))).toThrow(why)
})

describe('a cluster that was made with ranges of its own', () => {
  const made = clusterNetwork(parse('10.10.0.0/16', '10.20.0.0/20'))
  const kept = keptRanges(made) as unknown as AnyObject

  it('has them at every later start, with their flags or without', () => {
    expect(settleRanges(kept, parse())).toEqual(made)
    expect(settleRanges(kept, parse('10.10.0.0/16', '10.20.0.0/20'))).toEqual(made)
    expect(settleRanges(kept, parse(undefined, '10.20.0.0/20')).clusterCIDR).toBe('10.10.0.0/16')
  })

  it('gets a range of IPv6 later, and has it from then on', () => {
    const dual = settleRanges(kept, parse('10.10.0.0/16,fd00:10::/48', '10.20.0.0/20,fd00:20::/112'))
    expect(dual.serviceCIDRs).toEqual(['10.20.0.0/20', 'fd00:20::/112'])
    expect(settleRanges(keptRanges(dual) as unknown as AnyObject, parse())).toEqual(dual)
  })

  it.each([
    ['10.11.0.0/16', undefined, '--cluster-cidr 10.11.0.0/16 is not what this cluster was made with: its pods have 10.10.0.0/16'],
    [undefined, '10.96.0.0/16', 'its Services have 10.20.0.0/20, and keep it. Leave the flag out; only a range of IPv6 may be added'],
    [undefined, '10.21.0.0/20,fd00:20::/112', 'its Services have 10.20.0.0/20'],
    ['10.10.0.0/16,fd00:10::/48', '10.20.0.0/20,fd00:10::/112', 'overlap'],
  ])('refuses %j and %j', (pods, services, why) => {
    expect(() => settleRanges(kept, parse(pods, services))).toThrow(why)
  }) // prettier-ignore

  it('keeps both of a dual-stack cluster: a flag with one of them contradicts', () => {
    const dual = keptRanges(settleRanges(kept, parse('10.10.0.0/16,fd00:10::/48'))) as unknown as AnyObject
    expect(() => settleRanges(dual, parse('10.10.0.0/16'))).toThrow(
      'have 10.10.0.0/16,fd00:10::/48, and keep it. Leave',
    )
  })

  it('asks for its flags when somebody has spoilt what is written down', () => {
    const spoilt = { ...kept, data: { serviceCIDRs: '10.20.0.0/20' } } as unknown as AnyObject
    expect(() => settleRanges(spoilt, parse())).toThrow(
      'does not tell the ranges of pods any more (""); start once with --cluster-cidr',
    )
    expect(settleRanges(spoilt, parse('10.10.0.0/16'))).toEqual(made)
  })
})
