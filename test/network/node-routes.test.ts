// Routes to other nodes' pods, in a network of the test's own.
import { expect, test } from 'vitest'
import { type Run, run } from '../../src/agent/network/exec.ts'
import { PlainRoutes } from '../../src/agent/network/node-routes.ts'
import { ownNetwork } from './lab/own-network.ts'

test('a node that leaves takes its routes of both families with it', async () => {
  const within = await ownNetwork()
  const inside: Run = (argv, options) => run(within(argv), options)
  const input = `link add eth0 type veth peer name other
address add 192.0.2.1/24 dev eth0
address add fd00:85::1/64 dev eth0 nodad
link set eth0 up
link set other up
`
  await inside(['ip', '-batch', '-'], { input })
  const shown = async () => {
    const ours = ['-4', '-6'].map(family => inside(['ip', family, 'route', 'show', 'proto', '117']))
    return (await Promise.all(ours)).join('').trim().split('\n').map(line => line.split(' ')[0]) // prettier-ignore
  }
  const peer = (id: number) => ({
    nodeName: `node${id}`,
    nodeIP: `192.0.2.${id}`,
    podCIDR: `10.244.${id}.0/24`,
    ipv6: { podCIDR: `fd00:10:244:${id}::/64`, nodeIP: `fd00:85::${id}` },
  })
  const ipv6 = { hostIP: 'fd00:85::1', nodeIP: 'fd00:85::1' }
  const routes = new PlainRoutes({ run: inside, nodeIP: '192.0.2.1', hostIP: '192.0.2.1', ipv6, yields: () => false })
  const apply = (...ids: number[]) => routes.apply(ids.map(peer), new Set())
  const of = (id: number) => [`10.244.${id}.0/24`, `10.244.${id}.255`]

  await apply(2, 3)
  expect(await shown()).toEqual([...of(2), ...of(3), 'fd00:10:244:2::/64', 'fd00:10:244:3::/64'])
  await apply(3)
  expect(await shown()).toEqual([...of(3), 'fd00:10:244:3::/64'])
})
