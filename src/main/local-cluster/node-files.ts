// What a local node's agent starts with: its identity, its certificate, its settings.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterNetwork } from '../addresses/cluster-network.ts'
import type { Pki } from '../pki/pki.ts'
import { nodeContainer } from './containers.ts'
import { type LocalClusterState, type LocalNodeState, nodeFolder } from './state.ts'

export const nodeConfigPath = (base: string, cluster: string, node: string): string =>
  join(nodeFolder(base, cluster, node), 'config.json')

/** Folders are this user's, so that it can delete them; what the agent writes into them as root may be private to root. */
export async function writeNodeFiles(
  base: string,
  { name, gateway, port, ranges }: LocalClusterState,
  node: LocalNodeState,
  pki: Pick<Pki, 'caPem' | 'issueClientCertificate'>,
  dockerSocket: string,
): Promise<void> {
  const folder = nodeFolder(base, name, node.name)
  for (const part of ['data', 'claim']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 })
  const file = (path: string, text: string) => {
    writeFileSync(join(folder, path), text, { mode: 0o600 })
    return join(folder, path)
  }
  file('data/instance-id', `${node.instance}\n`)
  const { certPem, keyPem } = await pki.issueClientCertificate({
    commonName: `system:node:${node.name}`,
    organizations: ['system:nodes'],
  })
  const { clusterCIDR, serviceCIDR, kubernetesServiceIP, clusterDNS, clusterDomain } = clusterNetwork(ranges)
  const config = {
    nodeName: node.name,
    nodeIP: node.ip,
    servers: [`https://${gateway}:${port}`],
    caFile: file('ca.crt', pki.caPem),
    certFile: file('node.crt', certPem),
    keyFile: file('node.key', keyPem),
    rotateCertificates: true,
    dataDir: join(folder, 'data'),
    claimFolder: join(folder, 'claim'),
    dockerSocket,
    hostContainer: nodeContainer(name, node.name),
    clusterCIDR,
    serviceCIDR,
    kubernetesServiceIP,
    clusterDNS,
    clusterDomain,
  }
  file('config.json', JSON.stringify(config, null, 2))
}
