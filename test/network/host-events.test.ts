// What a node hears of changes to its host, from the kernel itself, in a network of the test's own.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import pino from 'pino'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { type Heard, HostEvents, isRuleChange, networkNews } from '../../src/agent/network/host-events.ts'
import { TABLE, podLinkName } from '../../src/agent/network/names.ts'
import { eventually } from '../support/eventually.ts'
import { ownNetwork } from './lab/own-network.ts'

const log = pino({ level: 'silent' })
let events: HostEvents
/** Links of pods that are here. */
const standing = new Set<string>()
const isStanding = (link: string) => standing.has(link)
afterEach(async () => {
  standing.clear()
  await events[Symbol.asyncDispose]()
})

/** @returns a network of its own, and what is heard of it */
async function network() {
  const within = await ownNetwork()
  const run = (...argv: string[]) => {
    const [file, ...args] = within(argv)
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  const heardOf = async () => {
    const all = new Set<Heard>()
    await eventually(() => {
      const heard = events.take()
      if (heard !== 'nothing') all.add(heard)
      return all.size > 0 && heard === 'nothing'
    })
    return [...all]
  }
  events = new HostEvents({
    log,
    isStanding,
    listen(argv) {
      const [file, ...args] = within(argv)
      return spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    },
  })
  return { run, within, heardOf }
}

test('links, addresses, routes and the rules of others are heard of, what it does itself to its table is not', async () => {
  const { run, heardOf } = await network()
  run('nft', `add table ip ${TABLE}; add chain ip ${TABLE} nat-postrouting; add table ip filter; add chain ip filter a`)
  expect(await heardOf()).toEqual(['unknown'])
  run('ip', 'link', 'set', 'lo', 'up')
  expect(await heardOf()).toEqual(['network'])
  run('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo')
  expect(await heardOf()).toEqual(['network'])
  run('nft', `add chain ip ${TABLE} svc; add rule ip ${TABLE} svc accept; add set ip ${TABLE} s { type ipv4_addr; }`)
  run('nft', `add element ip ${TABLE} s { 192.0.2.7 }; flush chain ip ${TABLE} svc; delete chain ip ${TABLE} svc`)
  run('nft', 'add rule ip filter a accept')
  expect(await heardOf()).toEqual(['rules'])
  run('nft', 'flush chain ip filter a')
  expect(await heardOf()).toEqual(['rules'])
  run('nft', `flush table ip ${TABLE}; delete table ip ${TABLE}`)
  expect(await heardOf()).toEqual(['rules'])
})

test('links of pods that come and go are not heard of, unless the pod is still there', async () => {
  const { run, within, heardOf } = await network()
  const pod = (await ownNetwork())([])[2]!
  const link = podLinkName('some pod')
  const lines: string[] = []
  run('ip', 'link', 'set', 'lo', 'up')
  const [file, ...args] = within(['ip', '-o', 'monitor', 'link', 'address', 'route'])
  const monitor = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void monitor.kill('SIGKILL'))
  createInterface({ input: monitor.stdout }).on('line', line => lines.push(line))
  const add = () => {
    run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod)
    run('ip', 'link', 'set', link, 'addrgenmode', 'none')
    run('ip', 'link', 'set', link, 'up')
    run('ip', 'route', 'add', '192.0.2.9/32', 'dev', link)
  }
  // Something new each time, until it is heard; what is heard last is the last that was done.
  let mtu = 60_000
  await eventually(() => {
    run('ip', 'link', 'set', 'lo', 'mtu', String(++mtu))
    return lines.some(line => line.includes('mtu'))
  })
  await eventually(() => lines.some(line => line.includes(`mtu ${mtu} `)))
  lines.length = 0
  add()
  run('ip', 'link', 'delete', link)
  await eventually(() => lines.some(line => /^Deleted \d+: /.test(line)))
  const news = lines.map(networkNews)
  expect(news.filter(({ isChange }) => isChange)).toEqual([])
  expect(news.flatMap(({ lost }) => lost ?? [])).toContain(link)

  expect(await heardOf()).toContain('unknown')
  standing.add(link)
  add()
  run('ip', 'link', 'set', link, 'down')
  expect(await heardOf()).toEqual(['network'])
  run('ip', 'link', 'delete', link)
  expect(await heardOf()).toEqual(['network'])
})

test('events that were lost are changes', () => {
  events = new HostEvents({ log, isStanding })
  expect(isRuleChange('# ERROR: We lost some netlink events!')).toBe(true)
  expect(isRuleChange('# new generation 43 by process 395 (nft)')).toBe(false)
})

test('where the programs cannot run, all stays unknown and they are tried again now and then', async () => {
  let tries = 0
  events = new HostEvents({ log, isStanding, listen: () => (tries++, spawn('/no/such/program')) })
  for (let i = 0; i < 13; i++) {
    expect(events.take()).toBe('unknown')
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(tries).toBe(4)
})

test('a program that ends is missed, and started again at once', async () => {
  const children = [1, 2, 3].map(() => spawn('sleep', ['1000']))
  let next = 0
  events = new HostEvents({ log, isStanding, listen: () => children[next++]! })
  expect([events.take(), events.take(), events.take()]).toEqual(['unknown', 'unknown', 'nothing'])
  children[1]!.kill('SIGKILL')
  await eventually(() => events.take() === 'unknown')
  expect(next).toBe(3)
})
