// How the agent is started on this machine: by what this user may do, and by what Docker may.
import { join } from 'node:path'
import type { AgentCommand } from './agent-command.ts'
import { agentAsProcess } from './agent-command.ts'
import { agentProgram } from './agent-program.ts'
import { apartAgent, apartRelay } from './apart/apart-agent.ts'
import { containedAgent } from './contained-agent.ts'
import type { ApartPlan, LocalNodePlan, NoNode, RootlessPlan } from './detect.ts'
import { agentInside } from './rootless.ts'

export interface LocalAgentOptions {
  readonly plan: Exclude<LocalNodePlan, NoNode>
  readonly dataDir: string
  /** The agent's own, in the data folder. */
  readonly folder: string
  readonly purpose: 'node' | 'cleanup'
}

const FLAGS = { node: ['--exit-with-parent'], cleanup: ['--cleanup'] } as const

/** @throws Error when nsenter is missing, or Docker refuses the container */
export async function localAgent({ plan, dataDir, folder, purpose }: LocalAgentOptions): Promise<AgentCommand> {
  if (plan.run === 'apart') return apartAgent({ plan, dataDir }, folder, purpose, FLAGS[purpose])
  const program = await agentProgram(folder)
  const agentArgs = ['--config', join(folder, 'config.json'), ...FLAGS[purpose]]
  if (plan.run === 'process') return agentAsProcess(program, agentArgs)
  if (plan.run === 'inside') return agentInside(plan.daemon, program, agentArgs)
  return containedAgent({ program, dataDir, dockerSocket: plan.dockerSocket, purpose, agentArgs })
}

/** The agent's program in another network, from which the API server is reached through its standard streams. */
export async function localRelay(
  plan: RootlessPlan | ApartPlan,
  dataDir: string,
  folder: string,
  port: string,
): Promise<AgentCommand> {
  if (plan.run === 'apart') return apartRelay({ plan, dataDir }, port)
  return agentInside(plan.daemon, await agentProgram(folder), ['--relay', port])
}
