// Can this machine be a node, and how would the agent run on it?
import { accessSync, constants, existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { hostname } from 'node:os'
import { type EngineProblem, engineProblem } from './engine.ts'
import { DOCKER_SOCKET, dockerSocketPath } from './docker-socket.ts'
import { rootlessDaemon } from './rootless.ts'

/**
 * As root the agent is a child process; without root it runs in a container that has the rights it needs.
 * `elsewhere`: Docker's network is not this program's; why that is no place for containers that both are to reach.
 */
export interface NodePlan {
  readonly run: 'process' | 'container'
  readonly dockerSocket: string
  readonly elsewhere?: string
}
/** Where Docker itself is without root, the agent runs in the namespaces of its daemon. */
export interface RootlessPlan {
  readonly run: 'inside'
  readonly dockerSocket: string
  /** Process id. */
  readonly daemon: number
}
/** Where Docker is in a virtual machine, the agent is in a container of it, with an image of all that it runs. */
export interface ApartPlan {
  readonly run: 'apart'
  readonly dockerSocket: string
}
export interface NoNode {
  readonly run: 'not'
  readonly why: string
  /** What else would give the cluster a node. */
  readonly otherwise?: string
}
export type LocalNodePlan = NodePlan | RootlessPlan | ApartPlan | NoNode

const START = process.platform === 'linux' ? ' with: systemctl start docker' : ''
const OVER_SSH = 'or add a node over SSH'
const UNFIT: Readonly<Record<Exclude<EngineProblem, 'virtual machine'>, Omit<NoNode, 'run'>>> = {
  rootless: {
    why: `is rootless, and lets no container be a node; use Docker with root's rights on this machine (DOCKER_HOST=unix://${DOCKER_SOCKET})`,
    otherwise: OVER_SSH,
  },
  foreign: { why: 'has containers of Windows; switch Docker Desktop to Linux containers' },
  elsewhere: {
    why: 'has its network elsewhere: on another machine, or outside the container in which this runs; run this where that Docker runs',
    otherwise: 'or add that machine as a node over SSH',
  },
}

/** The machine's name as a Node name: RFC 1123, lower case. */
export function localNodeName(name = hostname()): string {
  const clean = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return clean.slice(0, 63) || 'localhost'
}

/** @returns what to do about a Docker that does not answer this user */
export async function dockerProblem(dockerSocket = dockerSocketPath()): Promise<string | undefined> {
  const missing = process.platform === 'win32' ? undefined : lacksSocket(dockerSocket)
  if (missing !== undefined) return missing
  const problem = await silence(dockerSocket)
  return problem && `Docker does not answer on ${dockerSocket} (${problem}); start it${START}`
}

/** @returns what to do about a socket that is not there, or not this user's */
function lacksSocket(dockerSocket: string): string | undefined {
  if (!existsSync(dockerSocket)) return `Docker is not running here (no ${dockerSocket}); install or start it`
  try {
    accessSync(dockerSocket, constants.R_OK | constants.W_OK)
    return undefined
  } catch {
    return `this user may not use Docker (${dockerSocket}); add it to the docker group and log in again`
  }
}

/** @returns how to join this machine, or one sentence why it cannot join and what to do */
export async function planLocalNode(dockerSocket = dockerSocketPath()): Promise<LocalNodePlan> {
  const problem = await dockerProblem(dockerSocket)
  if (problem !== undefined) return { run: 'not', why: problem, otherwise: OVER_SSH }
  const run = process.getuid?.() === 0 ? 'process' : 'container'
  const unfit = await engineProblem(dockerSocket)
  if (!unfit) return { run, dockerSocket }
  if (unfit === 'virtual machine') return { run: 'apart', dockerSocket }
  if (unfit === 'rootless') {
    const daemon = await rootlessDaemon(dockerSocket)
    if (daemon !== undefined) return { run: 'inside', dockerSocket, daemon }
  }
  const no = { ...UNFIT[unfit], run: 'not', why: `the Docker on ${dockerSocket} ${UNFIT[unfit].why}` } as const
  // A process reaches pods by their process ids, whatever network it is in itself; a container is in that of its Docker.
  return unfit === 'elsewhere' && run === 'process' ? { run, dockerSocket, elsewhere: no.why } : no
}

/** @returns undefined when something accepts connections, else the error code */
export function silence(socketPath: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = createConnection(socketPath)
    const end = (problem?: string) => {
      socket.destroy()
      resolve(problem)
    }
    socket.setTimeout(3_000, () => end('no answer within 3 s'))
    socket.once('connect', () => end())
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
