// Local clusters by their names: what this machine lacks for them, which there are, and what is asked of one.
import { resolve } from 'node:path'
import { Node } from '../../shared/api/core/v1.ts'
import { connectApi } from '../cli/node/api.ts'
import { dataDirLayout } from '../data-dir.ts'
import { planLocalNode } from '../local-node/detect.ts'
import { controlPlaneContainer, labelled } from './containers.ts'
import { LocalClusterError } from './error.ts'
import * as cluster from './local-cluster.ts'
import { type LocalProgram, localProgram } from './program.ts'
import { type LocalClusterState, controlPlaneFolder, readState, readStates } from './state.ts'

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
 * @throws LocalClusterError when this machine cannot have local clusters, with what it lacks
 */
export async function connectLocal(folder: string, say: (line: string) => void): Promise<cluster.LocalClusterParts> {
  const plan = await planLocalNode()
  if (plan.run === 'not') throw new LocalClusterError(plan.why)
  if (plan.elsewhere !== undefined) throw new LocalClusterError(plan.elsewhere)
  const { default: Docker } = await import('dockerode')
  const base = resolve(folder)
  let program: Promise<LocalProgram> | undefined
  return {
    docker: new Docker({ socketPath: plan.dockerSocket }),
    dockerSocket: plan.dockerSocket,
    base,
    program: () => (program ??= localProgram(base)),
    say,
    async listNodes(dataDir) {
      await using api = connectApi(dataDir)
      return (await api.client.list(Node)).items
    },
  }
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
export async function actLocal(
  parts: cluster.LocalClusterParts,
  action: LocalClusterAction,
  name: string,
): Promise<void> {
  const state = readState(parts.base, name)
  if (!state) throw new LocalClusterError(`there is no local cluster ${name}; see: flotilla local list`)
  if (action === 'start') await clearly(cluster.start(parts, state))
  if (action === 'stop') await clearly(cluster.stop(parts, state))
  if (action === 'delete' || action === 'reset') await clearly(cluster.remove(parts, state))
  if (action === 'reset') await clearly(cluster.create(parts, name, state.nodes.length, state.ranges))
}

export const listLocal = (parts: Pick<cluster.LocalClusterParts, 'docker' | 'base'>): Promise<LocalClusterFacts[]> =>
  clearly(Promise.all(readStates(parts.base).map(state => factsOf(parts, state))))

async function factsOf(
  { docker }: Pick<cluster.LocalClusterParts, 'docker'>,
  { name, nodes, gateway, port }: LocalClusterState,
): Promise<LocalClusterFacts> {
  const running = await docker.listContainers({ filters: { label: [labelled(name)] } })
  const names = running.flatMap(({ Names }) => Names.map(each => each.replace(/^\//, '')))
  const isRunning = names.includes(controlPlaneContainer(name))
  const runningNodes = names.length - (isRunning ? 1 : 0)
  return { name, nodes: nodes.length, runningNodes, isRunning, url: `https://${gateway}:${port}` }
}

export const localKubeconfig = (folder: string, name: string): string =>
  dataDirLayout(controlPlaneFolder(resolve(folder), name)).kubeconfig
