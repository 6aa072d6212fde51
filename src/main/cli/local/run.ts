// Carries `flotilla local …` out.
import { clusterNetwork } from '../../addresses/cluster-network.ts'
import { LocalClusterError } from '../../local-cluster/error.ts'
import * as cluster from '../../local-cluster/local-cluster.ts'
import {
  type LocalClusterAction,
  MOST_NODES,
  actLocal,
  clearly,
  connectLocal,
  listLocal,
  localKubeconfig,
  nameProblem,
} from '../../local-cluster/manage.ts'
import { type RangeFlags, parseClusterRanges, requireApart } from '../../addresses/cluster-ranges.ts'
import { table } from '../table.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'

const say = (line: string) => console.log(line)

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
  await commanded(async () => clearly(cluster.create(await connectLocal(flags.folder, say), name, nodes, ranges)))
  tellKubeconfig(flags.folder, name)
}

export async function act(action: LocalClusterAction, name: string, folder: string): Promise<void> {
  checkName(name)
  await commanded(async () => actLocal(await connectLocal(folder, say), action, name))
  if (action === 'start' || action === 'reset') tellKubeconfig(folder, name)
}

export async function list(folder: string): Promise<void> {
  const found = await commanded(async () => listLocal(await connectLocal(folder, say)))
  if (found.length === 0) return say('no local clusters; make one with: flotilla local create --nodes 3')
  const rows = found.map(({ name, nodes, runningNodes, isRunning, url }) => [
    name,
    `${runningNodes}/${nodes}`,
    isRunning ? 'running' : 'stopped',
    url,
  ])
  say(table([['NAME', 'NODES', 'STATE', 'URL'], ...rows]))
}

const tellKubeconfig = (folder: string, name: string) => say(`export KUBECONFIG=${localKubeconfig(folder, name)}`)

function checkName(name: string): void {
  const problem = nameProblem(name)
  if (problem) throw new UsageError(problem)
}

async function commanded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LocalClusterError) throw new CommandError(error.message)
    throw error
  }
}
