// Who opens a node's link, and to whom: both ends prove themselves with certificates of the cluster's authority.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dialAnyUpgrade } from '../../../src/agent/tunnel/dial-upgrade.ts'
import { openPki, type Pki } from '../../../src/main/pki/pki.ts'
import { Node } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
let folder: string
let stranger: Pki

beforeAll(async () => {
  cluster = await startSecuredCluster()
  folder = mkdtempSync(join(tmpdir(), 'flotilla-stranger-'))
  stranger = await openPki({ dataDir: folder, names: [] })
  for (const name of ['one', 'two']) await cluster.node(name).create(Node, { metadata: { name }, spec: {} })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

type Authority = Pick<Pki, 'issueClientCertificate'>
/** Opens the link of a node, as whoever has the certificate. @param ca of the API server that is expected */
async function open(node: string, by: string, authority: Authority = cluster.api.pki, ca = cluster.api.pki.caPem) {
  const { certPem: cert, keyPem: key } = await authority.issueClientCertificate({
    commonName: by,
    organizations: [by.startsWith('system:node:') ? 'system:nodes' : 'system:masters'],
  })
  const { socket } = await dialAnyUpgrade([cluster.api.url.replace('127.0.0.1', 'localhost')], {
    path: `/apis/flotilla.dev/v1/nodes/${node}/tunnel`,
    protocol: 'flotilla-tunnel',
    tls: { ca, cert, key },
    clock: systemClock,
    signal: new AbortController().signal,
  })
  return socket
}

test('a node opens its own link', async () => {
  const socket = await open('one', 'system:node:one')
  await eventually(() => expect(cluster.tunnels.connected).toEqual(['one']))
  socket.destroy()
  await eventually(() => expect(cluster.tunnels.connected).toEqual([]))
})

test.each([
  ['another node', () => open('one', 'system:node:two'), /refused the link: HTTP\/1\.1 403/],
  ['the admin', () => open('one', 'kubernetes-admin'), /refused the link: HTTP\/1\.1 403/],
  ['the same name of another authority', () => open('one', 'system:node:one', stranger), /401|alert|ECONNRESET|closed/],
])('%s does not: requests to the kubelet would go to it', async (_who, opening, why) => {
  await expect(opening()).rejects.toThrow(why)
  expect(cluster.tunnels.connected).toEqual([])
})

test('a node gives its link to no API server of another authority', async () => {
  await expect(open('one', 'system:node:one', cluster.api.pki, stranger.caPem)).rejects.toThrow(/certificate/)
  expect(cluster.tunnels.connected).toEqual([])
})
