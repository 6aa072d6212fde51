// Local clusters by their names: what this machine lacks for them, which there are, and what is asked of one.
import { resolve } from 'node:path'
import { Node } from '../../shared/api/core/v1.ts'
import { connectApi } from '../data-folder/api.ts'
import { dataDirLayout } from '../data-folder/data-dir.ts'
import { planLocalNode } from '../local-node/detect.ts'
import { LocalClusterError } from './error.ts'
import * as cluster from './local-cluster.ts'
import { ownServer, serveLocal } from './process-way.ts'
import { type LocalProgram, localProgram } from './program.ts'
import { serveDetached } from './serve-process.ts'
import { type LocalClusterState, apiHost, controlPlaneFolder, readState, readStates } from './state.ts'
import type { LocalClusterParts, Serve } from './way.ts'

export const MOST_NODES = 20
export type LocalClusterAction = 'start' | 'stop' | 'reset' | 'delete'

export interface LocalClusterFacts {
  readonly name: string
  readonly nodes: number
  readonly runningNodes: number
  /** Whether its control plane runs. */
  readonly isRunning: boolean
  readonly url: string
}

/** @returns what is wrong with a name, in a sentence; undefined for one that is good */
export const nameProblem = (name: string): string | undefined =>
  /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)
    ? undefined
    : `a name has small letters, digits and dashes (at most 32), not "${name}"`

/**
 * @param folder where local clusters live
 * @param serve how control planes are run that are processes here
 * @throws LocalClusterError when this machine cannot have local clusters, with what it lacks
 */
export async function connectLocal(
  folder: string,
  say: (line: string) => void,
  serve?: Serve,
): Promise<LocalClusterParts> {
  const plan = await planLocalNode()
  if (plan.run === 'not') throw new LocalClusterError(plan.why)
  if ('elsewhere' in plan && plan.elsewhere !== undefined) throw new LocalClusterError(plan.elsewhere)
  const { default: Docker } = await import('dockerode')
  return {
    docker: new Docker({ socketPath: plan.dockerSocket }),
    plan,
    ...ownParts(folder, serve),
    say,
  }
}

type OwnParts = Pick<LocalClusterParts, 'base' | 'program' | 'serve' | 'listNodes'>

/** What needs no Docker. */
function ownParts(folder: string, serve?: Serve): OwnParts {
  const base = resolve(folder)
  let made: Promise<LocalProgram> | undefined
  const program = () => (made ??= localProgram(base))
  const listNodes = async (dataDir: string) => {
    await using api = connectApi(dataDir)
    return (await api.client.list(Node)).items
  }
  return { base, program, serve: serve ?? serveDetached(program), listNodes }
}

/**
 * Control planes that are processes here, and that somebody wants to run: a reboot of the machine has ended them. Docker
 * may come later.
 */
export async function startWanted(folder: string, serve?: Serve): Promise<void> {
  const parts = ownParts(folder, serve)
  for (const state of readStates(parts.base))
    if (state.isApart && !state.isStopped && !(await ownServer(parts, controlPlaneFolder(parts.base, state.name))))
      await serveLocal(parts, state)
}

/** @throws LocalClusterError in one line, also for what Docker refuses */
export async function clearly<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof LocalClusterError) throw error
    const { statusCode, message } = error as { statusCode?: number; message: string }
    if (statusCode !== undefined) throw new LocalClusterError(`Docker refused: ${message}`)
    throw error
  }
}

/** @throws LocalClusterError when there is none of that name, or it fails */
export async function actLocal(parts: LocalClusterParts, action: LocalClusterAction, name: string): Promise<void> {
  const state = readState(parts.base, name)
  if (!state) throw new LocalClusterError(`there is no local cluster ${name}; see: flotilla local list`)
  if (action === 'start') await clearly(cluster.start(parts, state))
  if (action === 'stop') await clearly(cluster.stop(parts, state))
  if (action === 'delete' || action === 'reset') await clearly(cluster.remove(parts, state))
  if (action === 'reset') await clearly(cluster.create(parts, name, state.nodes.length, state.ranges))
}

export const listLocal = (parts: LocalClusterParts): Promise<LocalClusterFacts[]> =>
  clearly(Promise.all(readStates(parts.base).map(state => factsOf(parts, state))))

async function factsOf(parts: LocalClusterParts, state: LocalClusterState): Promise<LocalClusterFacts> {
  const { nodes: runningNodes, isRunning } = await cluster.wayOf(parts, state).running(state)
  const { name, nodes, port } = state
  return { name, nodes: nodes.length, runningNodes, isRunning, url: `https://${apiHost(state)}:${port}` }
}

export const localKubeconfig = (folder: string, name: string): string =>
  dataDirLayout(controlPlaneFolder(resolve(folder), name)).kubeconfig
