// The agent in a container of its own: one for a data folder, never two.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import type Docker from 'dockerode'
import { type AgentCommand, agentAsContainer } from './agent-command.ts'
import type { AgentProgram } from './agent-program.ts'
import { ensureEmptyImage } from './empty-image.ts'

export interface ContainedAgentOptions {
  readonly program: AgentProgram
  readonly dataDir: string
  readonly dockerSocket: string
  readonly purpose: 'node' | 'cleanup'
  readonly agentArgs: readonly string[]
}

/** @returns the container's name, the same for the same data folder however its path is written */
export const agentContainerName = (dataDir: string): string => `flotilla-agent-${containerId(dataDir)}`

export const containerId = (dataDir: string): string =>
  createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12)

/**
 * Makes the image where it is absent and removes a container that a killed run left behind, cleaning up included: the
 * one that comes next must be the only one that works on this data folder.
 */
export async function containedAgent(options: ContainedAgentOptions): Promise<AgentCommand> {
  const { program, dataDir, dockerSocket, purpose, agentArgs } = options
  const name = agentContainerName(dataDir)
  // Only users without root need the client: nobody else's start should pay for loading it.
  const { default: Client } = await import('dockerode')
  const docker = new Client({ socketPath: dockerSocket })
  const image = await ensureEmptyImage(docker)
  await removeContainer(docker, name)
  return agentAsContainer({ program, agentArgs, dockerSocket, image, name, labels: { 'dev.flotilla.agent': purpose } })
}

/** One that is not there is well. */
export const removeContainer = (docker: Docker, name: string): Promise<void> =>
  docker
    .getContainer(name)
    .remove({ force: true })
    .catch((error: { statusCode?: number }) => {
      // 409: it is being removed already, which `docker run` waits for through the supervisor's next attempt.
      if (error.statusCode !== 404 && error.statusCode !== 409) throw error
    })
