// Makes this machine a node of the cluster: gives the agent its identity and keeps it running.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { DataDirLayout } from '../data-dir.ts'
import { agentAsProcess } from './agent-command.ts'
import { agentProgram } from './agent-program.ts'
import { containedAgent } from './contained-agent.ts'
import { localNodeName, planLocalNode } from './detect.ts'
import { Supervisor } from './supervisor.ts'

export interface LocalNodeOptions {
  readonly layout: DataDirLayout
  readonly clock: Clock
  /** Addresses of the API server, best first. */
  readonly servers: readonly string[]
  readonly caPem: string
  readonly issueCertificate: (request: {
    commonName: string
    organizations: string[]
  }) => Promise<{ certPem: string; keyPem: string }>
  readonly network: AgentNetworkSettings
  readonly onStatus: (line: string) => void
}

export interface AgentNetworkSettings {
  readonly clusterCIDR: string
  readonly kubernetesServiceIP: string
  readonly clusterDNS: string
  readonly clusterDomain: string
  readonly serviceCIDR: string
  /** The same of each of the cluster's families. */
  readonly clusterCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly clusterDNSs: readonly string[]
  readonly nodePortAddresses?: readonly string[]
  readonly networkBackend: NetworkBackend
}

export interface LocalNode extends AsyncDisposable {
  /** Undefined when this machine did not join. */
  readonly nodeName: string | undefined
}

/** Never throws for what the machine lacks: `onStatus` tells whether it joined, or why not. */
export async function startLocalNode(options: LocalNodeOptions): Promise<LocalNode> {
  const { layout, clock, onStatus } = options
  const notJoined = (why: string): LocalNode => {
    onStatus(`not joined: ${why}`)
    return { nodeName: undefined, [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  const plan = await planLocalNode()
  if (plan.run === 'not') return notJoined(plan.why)
  const nodeName = localNodeName()
  const configPath = await writeAgentFiles(options, nodeName, plan.dockerSocket)
  const agentArgs = ['--config', configPath, '--exit-with-parent']
  const supervisor = new Supervisor({
    clock,
    logPath: join(layout.logs, 'agent.log'),
    command: async () => {
      const program = await agentProgram(layout.agent)
      return plan.run === 'process'
        ? agentAsProcess(program, agentArgs)
        : containedAgent({ program, dataDir: layout.root, dockerSocket: plan.dockerSocket, purpose: 'node', agentArgs })
    },
    onExit: (line, machineTaken) =>
      onStatus(machineTaken ? `not joined: ${line}` : `the agent stopped (${line}); starting it again`),
  })
  return { nodeName, [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose]() }
}

/** Identity and settings, private to this user. A fresh certificate is issued at every start. */
async function writeAgentFiles(options: LocalNodeOptions, nodeName: string, dockerSocket: string): Promise<string> {
  const { layout, servers, caPem, network } = options
  mkdirSync(layout.agent, { recursive: true, mode: 0o700 })
  const file = (name: string, text: string) => {
    const path = join(layout.agent, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const identity = await options.issueCertificate({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  })
  const config = {
    nodeName,
    servers,
    caFile: file('ca.crt', caPem),
    certFile: file('agent.crt', identity.certPem),
    keyFile: file('agent.key', identity.keyPem),
    dataDir: join(layout.agent, 'data'),
    dockerSocket,
    ...network,
  }
  return file('config.json', JSON.stringify(config, null, 2))
}
