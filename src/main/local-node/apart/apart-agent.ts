// The agent where Docker's machine is not this one, as Docker Desktop's: in a container there, of an image with all that
// it runs. It reaches the API server through a second container in the same network, which has no rights at all.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type Docker from 'dockerode'
import { type AgentCommand, agentRights, runContainer } from '../agent-command.ts'
import { LITTLE_KEPT } from '../built-programs.ts'
import { agentContainerName, containerId, removeContainer } from '../contained-agent.ts'
import type { ApartPlan } from '../detect.ts'
import { DOCKER_SOCKET } from '../docker-socket.ts'
import { type EngineFolder, engineFolder, leave, share } from './engine-folder.ts'
import { BUNDLE, NODE, ensureAgentImage, removeAgentImages } from './image.ts'

/** What the agent is started with, where it is there: the same names here and there. */
export const AGENT_FILES = ['config.json', 'ca.crt', 'agent.crt', 'agent.key', 'data/instance-id'] as const

interface Parts {
  readonly plan: ApartPlan
  /** The cluster's data folder. */
  readonly dataDir: string
}

const clientOf = async ({ dockerSocket }: ApartPlan): Promise<Docker> => {
  const { default: Client } = await import('dockerode')
  return new Client({ socketPath: dockerSocket })
}
const env = Object.entries(LITTLE_KEPT).flatMap(([key, value]) => ['--env', `${key}=${value}`])

const relayName = (clusterDir: string): string => `${agentContainerName(clusterDir)}-relay`

/** Makes what takes long, once. @returns where the agent's files are to be @throws Error when Docker refuses it */
export async function makeReady({ plan, dataDir }: Parts): Promise<EngineFolder> {
  const docker = await clientOf(plan)
  await ensureAgentImage(docker)
  return engineFolder(docker, containerId(dataDir))
}

/**
 * @param folder with the agent's files, on this machine
 * @param holder a container whose network the node has
 */
export async function apartAgent(
  { plan, dataDir }: Parts,
  folder: string,
  purpose: 'node' | 'cleanup',
  flags: readonly string[],
  holder?: string,
): Promise<AgentCommand> {
  const docker = await clientOf(plan)
  const image = await ensureAgentImage(docker)
  const id = containerId(dataDir)
  const name = agentContainerName(dataDir)
  await removeContainer(docker, name)
  const files = await Promise.all(
    AGENT_FILES.filter(file => existsSync(join(folder, file))).map(
      async file => [file, await readFile(join(folder, file), 'utf8')] as const,
    ),
  )
  await share(docker, image, id, new Map(files))
  const at = await engineFolder(docker, id)
  const { CgroupVersion, DockerRootDir } = (await docker.info()) as { CgroupVersion?: string; DockerRootDir: string }
  const logs = posix.join(DockerRootDir, 'containers')
  const options = [
    ...agentRights(holder),
    ...(CgroupVersion === '2' ? ['--cgroupns', 'host'] : []),
    // Kernel settings are written through /proc/sys.
    '--security-opt', 'systempaths=unconfined',
    '--volume', `${DOCKER_SOCKET}:${DOCKER_SOCKET}`,
    '--volume', '/sys/fs/cgroup:/sys/fs/cgroup',
    '--volume', `${logs}:${logs}:ro`,
    '--mount', `type=bind,source=${at.volume},target=${at.volume},bind-propagation=rshared`,
    ...env,
  ] // prettier-ignore
  const argv = [NODE, BUNDLE, ...flags, '--config', posix.join(at.folder, 'config.json')] as const
  return runContainer({
    dockerSocket: plan.dockerSocket, name, labels: { 'dev.flotilla.agent': purpose }, image, options, argv,
  }) // prettier-ignore
}

/**
 * Listens in the network of Docker's machine and passes connections on over its standard streams.
 * @param at `[ADDRESS:]PORT`; on the loopback without an address
 */
export async function apartRelay({ plan, dataDir }: Parts, at: string): Promise<AgentCommand> {
  const docker = await clientOf(plan)
  const image = await ensureAgentImage(docker)
  const name = relayName(dataDir)
  await removeContainer(docker, name)
  return runContainer({
    dockerSocket: plan.dockerSocket,
    name,
    labels: { 'dev.flotilla.agent': 'relay' },
    image,
    options: ['--network', 'host', '--user', '65534:65534', '--cap-drop', 'ALL', '--read-only', ...env],
    argv: [NODE, BUNDLE, '--relay', at],
  })
}

/** After the agent's own cleaning: its folder, the relay of its cluster, and what no other cluster uses. */
export async function leaveEngine({ plan, dataDir }: Parts, clusterDir: string): Promise<void> {
  const docker = await clientOf(plan)
  for (const each of [agentContainerName(dataDir), relayName(clusterDir)]) {
    await removeContainer(docker, each)
    await untilGone(docker, each)
  }
  await leave(docker, await ensureAgentImage(docker), containerId(dataDir))
  await removeAgentImages(docker)
}

/** Docker removes what ended by itself in its own time, and no volume or image that is in use until then. */
const untilGone = (docker: Docker, name: string): Promise<unknown> =>
  docker
    .getContainer(name)
    .wait({ condition: 'removed' })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error
    })
