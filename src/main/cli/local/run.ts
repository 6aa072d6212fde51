// Carries `flotilla local …` out.
import { resolve } from 'node:path'
import { Node } from '../../../shared/api/core/v1.ts'
import { clusterNetwork } from '../../cluster-network.ts'
import { dataDirLayout } from '../../data-dir.ts'
import { controlPlaneContainer, labelled } from '../../local-cluster/containers.ts'
import { LocalClusterError } from '../../local-cluster/error.ts'
import * as cluster from '../../local-cluster/local-cluster.ts'
import { type LocalClusterState, controlPlaneFolder, readState, readStates } from '../../local-cluster/state.ts'
import { planLocalNode } from '../../local-node/detect.ts'
import { type RangeFlags, parseClusterRanges, requireApart } from '../cluster-ranges.ts'
import { connectApi } from '../node/api.ts'
import { table } from '../table.ts'
import { CommandError, UsageError } from '../usage-error.ts'

const MOST_NODES = 20
const say = (line: string) => console.log(line)

/** @throws CommandError when this machine cannot have local clusters, with what it lacks */
async function connect(folder: string): Promise<cluster.LocalClusterParts> {
  const plan = await planLocalNode()
  if (plan.run === 'not') throw new CommandError(plan.why)
  const { default: Docker } = await import('dockerode')
  return {
    docker: new Docker({ socketPath: plan.dockerSocket }),
    dockerSocket: plan.dockerSocket,
    base: resolve(folder),
    say,
    async listNodes(dataDir) {
      await using api = connectApi(dataDir)
      return (await api.client.list(Node)).items
    },
  }
}

export interface CreateFlags extends RangeFlags {
  readonly nodes: string
  readonly folder: string
}

export async function create(name: string, flags: CreateFlags): Promise<void> {
  checkName(name)
  const nodes = Number(flags.nodes)
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MOST_NODES)
    throw new UsageError(`--nodes wants a number from 1 to ${MOST_NODES}, not "${flags.nodes}"`)
  const ranges = parseClusterRanges(flags)
  requireApart(clusterNetwork(ranges))
  if ([...(ranges.clusterCIDRs ?? []), ...(ranges.serviceCIDRs ?? [])].some(range => range.includes(':')))
    throw new UsageError('local clusters have IPv4 only: give one range, of IPv4')
  const parts = await connect(flags.folder)
  await clearly(cluster.create(parts, name, nodes, ranges))
  tellKubeconfig(parts.base, name)
}

export async function act(action: 'start' | 'stop' | 'reset' | 'delete', name: string, folder: string): Promise<void> {
  checkName(name)
  const parts = await connect(folder)
  const state = readState(parts.base, name)
  if (!state) throw new CommandError(`there is no local cluster ${name}; see: flotilla local list`)
  if (action === 'start') await clearly(cluster.start(parts, state))
  if (action === 'stop') await clearly(cluster.stop(parts, state))
  if (action === 'delete' || action === 'reset') await clearly(cluster.remove(parts, state))
  if (action === 'reset') await clearly(cluster.create(parts, name, state.nodes.length, state.ranges))
  if (action === 'start' || action === 'reset') tellKubeconfig(parts.base, name)
}

export async function list(folder: string): Promise<void> {
  const { docker, base } = await connect(folder)
  const states = readStates(base)
  if (states.length === 0) return say('no local clusters; make one with: flotilla local create --nodes 3')
  const rows = await Promise.all(
    states.map(async (state: LocalClusterState) => {
      const running = await docker.listContainers({ filters: { label: [labelled(state.name)] } })
      const names = running.flatMap(({ Names }) => Names.map(name => name.replace(/^\//, '')))
      const up = names.includes(controlPlaneContainer(state.name))
      const nodes = `${names.length - (up ? 1 : 0)}/${state.nodes.length}`
      return [state.name, nodes, up ? 'running' : 'stopped', `https://${state.gateway}:${state.port}`]
    }),
  )
  say(table([['NAME', 'NODES', 'STATE', 'URL'], ...rows]))
}

const tellKubeconfig = (base: string, name: string) =>
  say(`export KUBECONFIG=${dataDirLayout(controlPlaneFolder(base, name)).kubeconfig}`)

function checkName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw new UsageError(`a name has small letters, digits and dashes (at most 32), not "${name}"`)
}

async function clearly<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof LocalClusterError) throw new CommandError(error.message)
    const { statusCode, message } = error as { statusCode?: number; message: string }
    if (statusCode !== undefined) throw new CommandError(`Docker refused: ${message}`)
    throw error
  }
}
