// Packet filters that somebody wrote in nftables' own language, in whatever table: the agent's accepts go first in their
// chains, and are taken out again.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NativeNft } from '../../src/agent/network/firewall/native-nft.ts'
import { run } from '../../src/agent/network/exec.ts'
import { IPV4, IPV6 } from '../../src/agent/network/family.ts'
import { type Host, Lab } from './lab/lab.ts'

let lab: Lab
let host: Host
beforeAll(() => {
  lab = new Lab()
  host = lab.host('written', '192.168.91.1/24')
})
afterAll(() => lab?.end())

it.each(['inet guard', 'ip filter', 'ip6 filter', 'ip raw'])('in table %s', async table => {
  const [family = ''] = table.split(' ')
  const inside = (argv: readonly string[], input?: string) =>
    run(['ip', 'netns', 'exec', host.netns, ...argv], input === undefined ? {} : { input })
  const written = `table ${table} {
    chain input { type filter hook input priority 0; policy drop; }
    chain onwards { type filter hook forward priority 0; ct state established accept; counter drop; }
    chain open { type filter hook input priority 5; }
  }`
  await inside(['nft', '-f', '-'], written)
  const rules = () => inside(['nft', '-s', 'list', 'table', ...table.split(' ')])
  const before = await rules()
  const nft = new NativeNft((argv, options) => inside(argv, options?.input))
  const common = { tunnelPeers: [], tunnelPort: 8472 }
  await nft.open([
    { family: IPV4, clusterCIDR: '10.244.0.0/16', ownAddresses: ['10.96.0.10'], ...common },
    { family: IPV6, clusterCIDR: 'fd00:244::/48', ownAddresses: ['fd00:96::a'], ...common },
  ])
  const pods = family === 'ip6' ? 'ip6 saddr fd00:244::/48' : 'ip saddr 10.244.0.0/16'
  for (const chain of ['input', 'onwards'])
    expect(await inside(['nft', 'list', 'chain', ...table.split(' '), chain])).toContain(pods)
  expect(await inside(['nft', 'list', 'chain', ...table.split(' '), 'open'])).not.toContain(pods)
  await nft.close()
  expect(await rules()).toBe(before)
  await inside(['nft', 'delete', 'table', ...table.split(' ')])
})
