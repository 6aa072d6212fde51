// A stream between two nodes' agents that meet at the API server only, over their real links.
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NodeTls } from '../../../src/agent/node-tls.ts'
import { dialAnyUpgrade } from '../../../src/agent/tunnel/dial-upgrade.ts'
import { runTunnel } from '../../../src/agent/tunnel/tunnel.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'

const stop = new AbortController()
const taken = new Map<string, Duplex>()
let cluster: SecuredCluster
let server: string
let tunnel: Promise<void>

async function identity(nodeName: string): Promise<NodeTls> {
  const { certPem: cert, keyPem: key } = await cluster.api.pki.issueClientCertificate({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  })
  return { ca: cluster.api.pki.caPem, cert, key }
}

/** @param as whose certificate is shown; `from` and `to` are what is asked for */
async function dial(as: string, from: string, to: string) {
  const { socket } = await dialAnyUpgrade([server], {
    path: `/apis/flotilla.dev/v1/nodes/${from}/relay?to=${to}`,
    protocol: 'flotilla-relay',
    tls: await identity(as),
    clock: systemClock,
    signal: stop.signal,
  })
  return socket
}

beforeAll(async () => {
  cluster = await startSecuredCluster()
  server = cluster.api.url.replace('127.0.0.1', 'localhost')
  tunnel = runTunnel({
    servers: [server],
    tls: await identity('two'),
    nodeName: 'two',
    kubelet: connection => void connection.destroy(),
    relay: (nodeName, stream) => void taken.set(nodeName, stream),
    clock: systemClock,
    signal: stop.signal,
  })
  await eventually(() => expect(cluster.tunnels.connected).toEqual(['two']))
})
afterAll(async () => {
  stop.abort()
  await tunnel
  await cluster[Symbol.asyncDispose]()
})

const read = (stream: Duplex, bytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length >= bytes) resolve(all)
    })
    stream.once('error', reject)
  })

test('carries bytes both ways, tells the other node who asks, and ends at both ends', async () => {
  const here = await dial('one', 'one', 'two')
  const there = await eventually(() => {
    expect([...taken.keys()]).toEqual(['one'])
    return taken.get('one')!
  })
  const big = Buffer.alloc(3 << 20, 'packets')
  here.write(big)
  expect((await read(there, big.length)).equals(big)).toBe(true)
  there.write('back')
  expect((await read(here, 4)).toString()).toBe('back')
  const ended = new Promise(resolve => there.once('close', resolve))
  here.destroy()
  await ended
})

test('is refused to a node that speaks in the name of another', async () => {
  await expect(dial('three', 'one', 'two')).rejects.toThrow('403')
})

test('is refused where the other node has no link, or is none', async () => {
  await expect(dial('one', 'one', 'away')).rejects.toThrow('503')
  await expect(dial('one', 'one', 'two:80/x')).rejects.toThrow('400')
})
