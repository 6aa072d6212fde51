// How the agent is started on this machine: by what this user may do, and by what Docker may.
import { join } from 'node:path'
import { CommandError } from '../process/usage-error.ts'
import type { AgentCommand } from './agent-command.ts'
import { agentAsProcess } from './agent-command.ts'
import { agentProgram } from './agent-program.ts'
import { apartAgent, apartRelay } from './apart/apart-agent.ts'
import { containedAgent } from './contained-agent.ts'
import type { ApartPlan, LocalNodePlan, NoNode, RootlessPlan } from './detect.ts'
import { holdNetwork } from './held-network.ts'
import type { PlaceNetwork } from './place.ts'
import { agentInside } from './rootless.ts'

export interface LocalAgentOptions {
  readonly plan: Exclude<LocalNodePlan, NoNode>
  readonly dataDir: string
  /** The agent's own, in the data folder. */
  readonly folder: string
  readonly purpose: 'node' | 'cleanup'
  /** The node's own; only where Docker's is out of this machine's reach. */
  readonly network?: PlaceNetwork | undefined
}

const FLAGS = { node: ['--exit-with-parent'], cleanup: ['--cleanup'] } as const

/** @throws CommandError when nsenter is missing, or Docker refuses the container */
export async function localAgent(options: LocalAgentOptions): Promise<AgentCommand> {
  const { plan, dataDir, folder, purpose, network } = options
  if (plan.run === 'apart') {
    if (network) await holdNetwork(plan, network)
    return apartAgent({ plan, dataDir }, folder, purpose, FLAGS[purpose], network?.holder)
  }
  const program = await agentProgram(folder)
  const agentArgs = ['--config', join(folder, 'config.json'), ...FLAGS[purpose]]
  if (plan.run === 'inside')
    return agentInside(plan.daemon, program, agentArgs, network && (await holdNetwork(plan, network)))
  if (network) throw new CommandError('this node was made on a Docker without root, or in a machine of its own')
  if (plan.run === 'process') return agentAsProcess(program, agentArgs)
  return containedAgent({ program, dataDir, dockerSocket: plan.dockerSocket, purpose, agentArgs })
}

/** The agent's program in another network, from which the API server is reached through its standard streams. @param at `[ADDRESS:]PORT` */
export async function localRelay(
  plan: RootlessPlan | ApartPlan,
  dataDir: string,
  folder: string,
  at: string,
): Promise<AgentCommand> {
  if (plan.run === 'apart') return apartRelay({ plan, dataDir }, at)
  return agentInside(plan.daemon, await agentProgram(folder), ['--relay', at])
}
