// Which address a node tells, and when it takes another one.
import type { NetworkInterfaceInfo } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { chooseNodeIP, guessNodeIP, nextNodeIP } from '../../src/agent/kubelet/node/node-address.ts'
import { ManualClock } from '../support/manual-clock.ts'

const on = (address: string, internal = false): NetworkInterfaceInfo[] => [
  { address, internal, family: 'IPv4', netmask: '255.255.255.0', mac: '', cidr: `${address}/24` },
]
const machine = {
  lo: on('127.0.0.1', true),
  docker0: on('172.17.0.1'),
  eth0: on('192.0.2.5'),
  eth1: on('198.51.100.5'),
}
const moved = { ...machine, eth0: on('192.0.2.77') }

describe('the address of a node', () => {
  it('is the first that is no loopback and no bridge of containers', () => {
    expect(guessNodeIP(machine)).toBe('192.0.2.5')
    expect(guessNodeIP({ lo: machine.lo, docker0: machine.docker0 })).toBeUndefined()
  })

  it('is the one of the settings, unless the machine has that no longer', () => {
    expect(chooseNodeIP('198.51.100.5', machine)).toBe('198.51.100.5')
    expect(chooseNodeIP('192.0.2.5', moved)).toBe('192.0.2.77')
    expect(chooseNodeIP('192.0.2.5', { lo: machine.lo })).toBe('192.0.2.5')
    expect(chooseNodeIP(undefined, machine)).toBe('192.0.2.5')
  })
})

describe('nextNodeIP()', () => {
  const stop = new AbortController()
  afterEach(() => stop.abort())

  it('waits until the machine has had another one for two looks', async () => {
    const clock = new ManualClock()
    let interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = machine
    let answer: string | undefined
    void nextNodeIP({ nodeIP: '192.0.2.5', clock, signal: stop.signal, interfaces: () => interfaces }).then(next => (answer = next)) // prettier-ignore
    const look = async (now: typeof interfaces) => {
      interfaces = now
      await clock.advance(10_000)
      return answer
    }
    expect(await look(machine)).toBeUndefined()
    // A lease that is renewed by taking the address away and giving it back, and a cable that is pulled.
    expect(await look(moved)).toBeUndefined()
    expect(await look(machine)).toBeUndefined()
    expect(await look({ lo: machine.lo })).toBeUndefined()
    expect(await look({ lo: machine.lo })).toBeUndefined()
    expect(await look(moved)).toBeUndefined()
    expect(await look(moved)).toBe('192.0.2.77')
  })

  it('ends with the agent', async () => {
    const clock = new ManualClock()
    const waiting = nextNodeIP({ nodeIP: '192.0.2.5', clock, signal: stop.signal, interfaces: () => machine })
    stop.abort()
    expect(await waiting).toBeUndefined()
  })
})
