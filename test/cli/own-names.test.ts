// The addresses of this machine that other machines are told.
import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { forOtherMachines, reachableServers } from '../../src/main/addresses/own-names.ts'

const link = (...addresses: string[]) =>
  addresses.map(address => ({ address, internal: address === '127.0.0.1' }) as NetworkInterfaceInfo)
const links = {
  lo: link('127.0.0.1'),
  eth0: link('192.0.2.7', '2001:db8::7', 'fe80::5c89:55ff:fef2:edd2'),
  docker0: link('172.17.0.1'),
}
const everywhere = { address: '0.0.0.0', port: 6443 }

test('are all that it has, but none that only means something on one link', () => {
  const own = ['https://192.0.2.7:6443', 'https://[2001:db8::7]:6443', 'https://172.17.0.1:6443']
  expect(reachableServers(everywhere, [], links)).toEqual(own)
  expect(reachableServers(everywhere, ['box.example'], links)).toEqual(['https://box.example:6443', ...own])
})
test('are not those of its own containers, where there are others', () => {
  const servers = forOtherMachines(reachableServers(everywhere, [], links), links)
  expect(servers).toEqual(['https://192.0.2.7:6443', 'https://[2001:db8::7]:6443'])
})
test('are none where the API server only listens on loopback', () => {
  expect(reachableServers({ address: '127.0.0.1', port: 6443 }, [], links)).toEqual([])
})
