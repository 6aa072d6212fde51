// How the links of many pods share processes, in a network of the test's own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { requireCidr } from '../../src/shared/machinery/ipv4.ts'
import { AddressPool } from '../../src/agent/network/address-pool.ts'
import { RoutedPodNetwork } from '../../src/agent/network/pod-network.ts'
import { type Run, run, ToolError } from '../../src/agent/network/exec.ts'
import { SharedBatch } from '../../src/agent/network/shared-batch.ts'
import { ownNetwork } from './lab/own-network.ts'

async function network() {
  const within = await ownNetwork()
  const inputs: string[][] = []
  const inside: Run = (argv, options) => {
    if (options?.input) inputs.push(options.input.trim().split('\n'))
    return run(within(argv), options)
  }
  const links = async () =>
    (JSON.parse(await inside(['ip', '-j', 'link', 'show', 'type', 'bridge'])) as { ifname?: string }[])
      .flatMap(({ ifname = '' }) => ifname.replace('x-', '') || [])
      .sort()
  return { batch: new SharedBatch(inside), inputs, links }
}
const add = (name: string) => [`link add name x-${name} type bridge`, `link set x-${name} up`]

test('what is asked for while a process runs shares the next one', async () => {
  const { batch, inputs, links } = await network()
  await Promise.all(['a', 'b', 'c'].map(name => batch.run(add(name))))
  expect(inputs).toEqual([add('a'), [...add('b'), ...add('c')]])
  expect(await links()).toEqual(['a', 'b', 'c'])
})

test('lines that fail stop nobody else, before or behind them', async () => {
  const { batch, links } = await network()
  const all = await Promise.allSettled(
    [add('first'), add('a'), ['link set nosuch up', ...add('never')], add('b'), add('a'), add('c')].map(lines =>
      batch.run(lines),
    ),
  )
  expect(all.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(await links()).toEqual(['a', 'b', 'c', 'first'])
  await expect(batch.run(['link delete nosuch'])).rejects.toThrow('Cannot find device "nosuch"')
})

test('a process that does not tell how far it got fails all of its own lines, and no later ones', async () => {
  let runs = 0
  const batch = new SharedBatch(argv =>
    runs++ === 1 ? Promise.reject(new ToolError(argv, undefined, '')) : Promise.resolve(''),
  )
  const all = await Promise.allSettled(['a', 'b', 'c'].map(name => batch.run(add(name))))
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  await expect(batch.run(add('d'))).resolves.toBeUndefined()
})

test('the address of a pod is given back once its link is gone, and not before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-links-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const addresses = new AddressPool(join(folder, 'addresses.json'), requireCidr('10.244.1.0/24'))
  const answers = ['', 'Cannot find device "flo-x"\nCommand failed -:1\n']
  const network = new RoutedPodNetwork({
    run: argv => Promise.reject(new ToolError(argv, undefined, answers.shift() ?? '')),
    addresses,
    mtu: 1500,
    hostIP: '10.244.1.0',
  })
  const ip = addresses.allocate('a')
  await expect(network.tearDown('a')).rejects.toThrow(ToolError) // killed: it may have come to that line, or not
  expect(addresses.get('a')).toBe(ip)
  await network.tearDown('a')
  expect(addresses.get('a')).toBeUndefined()
})

test('an address that cannot be written down is given to nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-links-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), '')
  const addresses = new AddressPool(join(folder, 'file', 'addresses.json'), requireCidr('10.244.1.0/24'))
  const ran: unknown[] = []
  const network = new RoutedPodNetwork({
    run: argv => (ran.push(argv), Promise.resolve('')),
    addresses,
    mtu: 1500,
    hostIP: '10.244.1.0',
  })
  const sandbox = { uid: 'a', namespace: 'default', name: 'a', sandboxId: '1', pid: 1, hostPorts: [], bandwidth: {} }
  await expect(network.setUp(sandbox)).rejects.toMatchObject({ code: 'EEXIST' })
  expect([ran, addresses.pods()]).toEqual([[], []])
})
