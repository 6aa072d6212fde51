// The agent's configuration, its systemd unit, and which of the versions there is the current one.
import { createHash } from 'node:crypto'
import { pack } from 'tar-stream'
import type { Taint } from '../../../shared/api/core/v1.ts'
import { LITTLE_KEPT } from '../../local-node/built-programs.ts'
import {
  AGENT_FOLDER,
  type ClusterSettings,
  type ContextWithoutProgress,
  KUBELET_LINK,
  type Step,
  asRoot,
} from './contract.ts'
import { say } from '../say.ts'
import { REMOVE_BY_HAND } from './remove.ts'

export const UNIT = 'flotilla-agent.service'
export const TOKEN_FILE = '/etc/flotilla/bootstrap-token'

const environment = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

export const UNIT_TEXT = `[Unit]
Description=Flotilla agent: makes this host a node
Wants=network-online.target docker.service
After=network-online.target docker.service
# An agent that ends is started again for as long as it takes, for instance until Docker works.
StartLimitIntervalSec=0

[Service]
Environment=NODE_COMPILE_CACHE=/var/lib/flotilla/compile-cache ${environment(LITTLE_KEPT)}
ExecStart=/opt/flotilla/bin/node /opt/flotilla/bin/agent.cjs --config /etc/flotilla/config.json
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=15
LimitNOFILE=1048576
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`

/** Paths are the same on every host: scripts there need no parameters. */
export function agentConfig({ host, nodeName, apiPort, cluster, facts }: ContextWithoutProgress): string {
  const servers = [`https://127.0.0.1:${apiPort}`, ...cluster.servers]
  return settingsText(cluster, { nodeName, nodeIP: facts.address, servers, taints: host.spec.taints ?? [] })
}

export interface NodeSettings {
  readonly nodeName: string
  /** Empty: the host's first address. */
  readonly nodeIP: string
  readonly servers: readonly string[]
  readonly taints: readonly Taint[]
}

export function settingsText(cluster: ClusterSettings, settings: NodeSettings): string {
  const { nodeName, nodeIP, servers, taints } = settings
  const { clusterCIDR, serviceCIDR, kubernetesServiceIP, clusterDNS, clusterDomain, nodePortAddresses } = cluster
  const { clusterCIDRs, serviceCIDRs, clusterDNSs, networkBackend } = cluster
  return JSON.stringify(
    {
      nodeName,
      ...(nodeIP ? { nodeIP } : {}),
      servers,
      caFile: '/etc/flotilla/ca.crt',
      certFile: '/var/lib/flotilla/identity/node.crt',
      keyFile: '/var/lib/flotilla/identity/node.key',
      bootstrapTokenFile: TOKEN_FILE,
      rotateCertificates: true,
      dataDir: AGENT_FOLDER,
      kubeletLink: KUBELET_LINK,
      clusterCIDR,
      serviceCIDR,
      ...(clusterCIDRs.length > 1 && { clusterCIDRs, serviceCIDRs, clusterDNSs }),
      kubernetesServiceIP,
      clusterDNS,
      clusterDomain,
      ...(nodePortAddresses && { nodePortAddresses }),
      ...(networkBackend !== 'auto' && { networkBackend }),
      taints,
    },
    null,
    2,
  )
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What on the host is not what this step writes, in the versions that are current here. */
export async function stale(context: ContextWithoutProgress): Promise<Set<'settings' | 'unit' | 'version'>> {
  const { files, facts } = context
  const { flotilla } = facts
  const [bundle, runtime] = await Promise.all([files.bundle(), files.runtime(facts.architecture)])
  const found = new Set<'settings' | 'unit' | 'version'>()
  if (flotilla.configHash !== hashOf(agentConfig(context))) found.add('settings')
  if (flotilla.unitHash !== hashOf(UNIT_TEXT)) found.add('unit')
  if (flotilla.currentBundle !== bundle.id || flotilla.currentRuntime !== runtime.id) found.add('version')
  return found
}

export const isConfigured = async (context: ContextWithoutProgress): Promise<boolean> =>
  (await stale(context)).size === 0

/** What this step writes, below the root. */
export const SETTINGS_FILES = [
  'etc/flotilla/ca.crt',
  'etc/flotilla/config.json',
  `etc/systemd/system/${UNIT}`,
  'opt/flotilla/bin/remove',
  'opt/flotilla/bin/node',
  'opt/flotilla/bin/agent.cjs',
] as const

/** What an upgrade replaces, until it is over. */
export const UPGRADE_FOLDER = '/var/lib/flotilla/upgrade'

const UNPACK = `
set -e
umask 022
mkdir -p -m 700 /etc/flotilla /var/lib/flotilla
mkdir -p /opt/flotilla/bin
tar -x -C / --no-same-owner --no-overwrite-dir
systemctl daemon-reload
rm -rf ${UPGRADE_FOLDER}
`

export const configure: Step = {
  name: 'configure',
  async plan(context) {
    if (await isConfigured(context)) return []
    const bundle = await context.files.bundle()
    return [
      say("write the agent's settings to /etc/flotilla (node {node})", { node: context.nodeName }),
      say('write the unit {unit} and point /opt/flotilla/bin to agent {agent}', { unit: UNIT, agent: bundle.id }),
    ]
  },
  apply: async context => void (await asRoot(context, 'writing the settings', UNPACK, await settingsArchive(context))),
}

/** @returns a tar of SETTINGS_FILES, in the versions that are current here */
export async function settingsArchive(context: ContextWithoutProgress): Promise<Buffer> {
  const { files, facts, cluster } = context
  const [bundle, runtime] = await Promise.all([files.bundle(), files.runtime(facts.architecture)])
  const texts: Record<(typeof SETTINGS_FILES)[number], readonly [mode: number, text: string] | string> = {
    'etc/flotilla/ca.crt': [0o644, cluster.caPem],
    'etc/flotilla/config.json': [0o600, agentConfig(context)],
    [`etc/systemd/system/${UNIT}`]: [0o644, UNIT_TEXT],
    'opt/flotilla/bin/remove': [0o755, REMOVE_BY_HAND],
    'opt/flotilla/bin/node': `../runtime/${runtime.id}/node`,
    'opt/flotilla/bin/agent.cjs': `../agent/${bundle.id}/agent.cjs`,
  }
  const archive = pack()
  for (const name of SETTINGS_FILES) {
    const content = texts[name]
    if (typeof content === 'string') archive.entry({ name, type: 'symlink', linkname: content })
    else archive.entry({ name, mode: content[0] }, content[1])
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
