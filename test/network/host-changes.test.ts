// What tells a node that somebody changed what it set up.
import { expect, test } from 'vitest'
import type { Heard } from '../../src/agent/network/host-events.ts'
import { HostChanges } from '../../src/agent/network/host-changes.ts'
import { TABLE } from '../../src/agent/network/names.ts'

const chain = (table: string, name: string, handle: number) => ({ chain: { family: 'ip', table, name, handle } })

function host() {
  const files: Record<string, string> = {
    dev: 'Inter-|   Receive\n face |bytes\n    lo: 10 0\n  eth0: 99 0\n',
    route: 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\neth0\t00000000\t0101A8C0\t0003\t0\t0\t0\n',
    fib_trie: 'Main:\n  |-- 10.244.1.2\n     /32 link UNICAST\n',
    ipv6_route: 'fe80 40 00 00 00 00000100 00000001 00000007 00000001     eth0\n',
  }
  const chains = [chain(TABLE, 'nat-postrouting', 4), chain(TABLE, 'svc-1', 9), chain('filter', 'FORWARD', 3)]
  const legacy = { rule: '-A FORWARD -j FLOTILLA-FORWARD' }
  const answer = (tool: string): string =>
    tool === 'nft'
      ? JSON.stringify({ nftables: chains })
      : `# at ${Math.random()}\n:FORWARD ACCEPT [${Date.now()}:1]\n${legacy.rule}\n`
  let isBroken = false
  const changes = new HostChanges(
    ([tool]) => (isBroken ? Promise.reject(new Error('nft failed')) : Promise.resolve(answer(tool))),
    name => Promise.resolve(files[name] ?? ''),
  )
  return { files, chains, legacy, changes, breakNft: (broken: boolean) => (isBroken = broken) }
}

/** @returns whether everything was looked at, as it is where something may have changed */
async function look(
  changes: HostChanges,
  putRight: () => void = () => undefined,
  heard: Heard = 'unknown',
): Promise<boolean> {
  if (!(await changes.any(heard))) return false
  putRight()
  await changes.looked()
  return true
}

const threeLooks = async (changes: HostChanges) => [await look(changes), await look(changes), await look(changes)]

/** @returns a host that was looked at already */
async function known() {
  const found = host()
  expect(await threeLooks(found.changes)).toEqual([true, true, false])
  return found
}

test('counters that go up are no changes, nor are chains of our own Services', async () => {
  const { files, chains, changes } = await known()
  files.dev = files.dev!.replace('99 0', '100 1')
  files.route = files.route!.replace('0003\t0\t0', '0003\t4\t5')
  files.ipv6_route = files.ipv6_route!.replace('00000001 00000007', '00000002 00000008')
  chains.push(chain(TABLE, 'svc-2', 12))
  expect(await look(changes)).toBe(false)
})

const CHANGES: [string, (found: ReturnType<typeof host>) => void][] = [
  ['a route that went', ({ files }) => (files.route = files.route!.split('\n').slice(0, 1).join('\n'))],
  ['an address that came', ({ files }) => (files.fib_trie += '  |-- 10.0.0.1\n')],
  ['a link that came', ({ files }) => (files.dev += '  wg0: 0 0\n')],
  ['an IPv6 route that changed', ({ files }) => (files.ipv6_route = files.ipv6_route!.replace('00000100', '00000400'))],
  ['legacy tables that came', ({ files }) => (files.ip_tables_names = 'filter\n')],
  ['a chain that was made again', ({ chains }) => chains.splice(2, 1, chain('filter', 'FORWARD', 17))],
  ['our own table that went', ({ chains }) => chains.splice(0, 2)],
]
test.each(CHANGES)('%s is a change, until it has stayed for two looks', async (_what, change) => {
  const found = await known()
  change(found)
  expect(await threeLooks(found.changes)).toEqual([true, true, false])
})

test('what is changed again as soon as it was put right is seen again', async () => {
  const { files, changes } = await known()
  const right = files.fib_trie!
  const mended: string[] = []
  files.fib_trie = ''
  // Put right, and taken away again before anybody can see it.
  expect(await look(changes, () => mended.push(right))).toBe(true)
  expect(await look(changes, () => (files.fib_trie = right))).toBe(true)
  expect(await threeLooks(changes)).toEqual([true, false, false])
  expect(mended).toHaveLength(1)
})

test('what was not put right, or cannot be seen, counts as changed until it is', async () => {
  const { changes, breakNft } = await known()
  changes.forget()
  expect(await threeLooks(changes)).toEqual([true, true, false])
  breakNft(true)
  expect([await look(changes), await look(changes)]).toEqual([true, true])
  breakNft(false)
  expect(await threeLooks(changes)).toEqual([true, true, false])
})

test('every sixth look is a full one, since single rules are not seen', async () => {
  const { changes } = host()
  const looks: boolean[] = []
  for (let i = 0; i < 13; i++) looks.push(await look(changes))
  expect(looks.flatMap((isFull, at) => (isFull ? [at] : []))).toEqual([0, 1, 7])
})

test('while nothing is heard of, nothing is read but now and then', async () => {
  const { files, changes } = await known()
  files.fib_trie = ''
  const looks: boolean[] = []
  for (let i = 0; i < 23; i++) looks.push(await look(changes, undefined, 'nothing'))
  expect(looks.flatMap((isFull, at) => (isFull ? [at] : []))).toEqual([22])
  expect([await look(changes, undefined, 'nothing'), await look(changes, undefined, 'nothing')]).toEqual([true, false])
  files.fib_trie = '  |-- 192.0.2.1'
  expect(await look(changes, undefined, 'network')).toBe(true)
})

test('legacy tables, of which nothing is told, are read every time, and seen when they come', async () => {
  const { files, legacy, changes } = await known()
  const quietly = () => look(changes, undefined, 'nothing')
  expect(await quietly()).toBe(false)
  files.ip_tables_names = 'filter\n'
  expect([await quietly(), await quietly(), await quietly()]).toEqual([true, true, false])
  legacy.rule = ''
  expect([await quietly(), await quietly(), await quietly()]).toEqual([true, true, false])
})

test('rules that somebody changed are looked at although everything else is as before', async () => {
  const { changes } = await known()
  expect(await look(changes, undefined, 'rules')).toBe(true)
  expect(await look(changes, undefined, 'nothing')).toBe(false)
})
