// How the agent is started on this machine: by what this user may do, and by what Docker may.
import type { AgentCommand } from './agent-command.ts'
import { agentAsProcess } from './agent-command.ts'
import { agentProgram } from './agent-program.ts'
import { containedAgent } from './contained-agent.ts'
import type { LocalNodePlan, NoNode } from './detect.ts'
import { agentInside } from './rootless.ts'

export interface LocalAgentOptions {
  readonly plan: Exclude<LocalNodePlan, NoNode>
  readonly dataDir: string
  /** The agent's own, in the data folder. */
  readonly folder: string
  readonly purpose: 'node' | 'cleanup'
  readonly agentArgs: readonly string[]
}

/** @throws Error when nsenter is missing, or Docker refuses the container */
export async function localAgent({
  plan,
  dataDir,
  folder,
  purpose,
  agentArgs,
}: LocalAgentOptions): Promise<AgentCommand> {
  const program = await agentProgram(folder)
  if (plan.run === 'process') return agentAsProcess(program, agentArgs)
  if (plan.run === 'inside') return agentInside(plan.daemon, program, agentArgs)
  return containedAgent({ program, dataDir, dockerSocket: plan.dockerSocket, purpose, agentArgs })
}
