// A cluster of several nodes on this machine: made, started, stopped and deleted.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { Node } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import type { ClusterRanges } from '../addresses/cluster-network.ts'
import { ensureDataDir } from '../data-folder/data-dir.ts'
import { ContainerWay } from './container-way.ts'
import { LocalClusterError } from './error.ts'
import { createNetwork, freePort, nodeAddress } from './network.ts'
import { ProcessWay } from './process-way.ts'
import { removeRest } from './remove-containers.ts'
import {
  type LocalClusterState,
  type LocalNodeState,
  apiHost,
  clusterFolder,
  controlPlaneFolder,
  readState,
  readStates,
  writeState,
} from './state.ts'
import { type LocalClusterParts, type Started, type Way, gone } from './way.ts'

const READY_TIMEOUT_MS = 120_000
const POLL_MS = 50
const POD_INSTANCE = 'dev.flotilla.instance'

/** Whether containers are out of this machine's reach. */
const isDockerApart = ({ plan }: LocalClusterParts): boolean => plan.run === 'apart' || plan.run === 'inside'

const wayHere = (parts: LocalClusterParts): Way =>
  isDockerApart(parts) ? new ProcessWay(parts) : new ContainerWay(parts)

/** @throws LocalClusterError when it was made where Docker is another one */
export function wayOf(parts: LocalClusterParts, { name, isApart = false }: LocalClusterState): Way {
  if (isApart !== isDockerApart(parts))
    throw new LocalClusterError(`${name} was made on another Docker than that on ${parts.plan.dockerSocket}`)
  return wayHere(parts)
}

/** @throws LocalClusterError when there is one of that name, or it does not become Ready; what was made is kept */
export async function create(
  parts: LocalClusterParts,
  name: string,
  nodes: number,
  ranges: ClusterRanges = {},
): Promise<LocalClusterState> {
  const { docker, base, say } = parts
  if (readState(base, name))
    throw new LocalClusterError(
      `there is a local cluster ${name} already; delete it first (flotilla local delete ${name}), or give another name`,
    )
  await removeRest(docker, name)
  const isApart = isDockerApart(parts)
  const way = wayHere(parts)
  await way.prepare()
  const { subnet, gateway } = await createNetwork(docker, name, ranges)
  const state: LocalClusterState = {
    name,
    subnet,
    gateway,
    port: await freePort(apiHost({ isApart, gateway }), isApart ? ports(base) : new Set()),
    nodes: Array.from({ length: nodes }, (_, i) => ({
      name: `${name}-${i + 1}`,
      ip: nodeAddress(subnet, i),
      instance: randomUUID(),
    })),
    ranges,
    ...(isApart && { isApart }),
  }
  ensureDataDir(controlPlaneFolder(base, name))
  // First of all: whatever fails from here on can be deleted by name.
  writeState(base, state)
  await untilReady(parts, state, way, await way.make(state))
  say(`${name}: ${nodes === 1 ? '1 node is' : `${nodes} nodes are`} Ready`)
  return state
}

/** Those of this machine's loopback that are another cluster's, and that which `flotilla serve` has by default. */
const ports = (base: string): Set<number> =>
  new Set([6443, ...readStates(base).flatMap(({ isApart, port }) => (isApart ? [port] : []))])

/** Everything runs again as it was. */
export async function start(parts: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const way = wayOf(parts, state)
  writeState(parts.base, { ...state, isStopped: false })
  await untilReady(parts, state, way, await way.start(state))
  parts.say(`${state.name} runs`)
}

export async function stop(parts: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const { docker, base, say } = parts
  const { name, nodes } = state
  const way = wayOf(parts, state)
  writeState(base, { ...state, isStopped: true })
  await way.stop(state, async () => void (await Promise.all(nodes.map(node => stopPods(docker, node)))))
  say(`${name} is stopped; start it with: flotilla local start ${name}`)
}

async function stopPods(docker: Docker, { instance }: LocalNodeState): Promise<void> {
  const running = await docker.listContainers({ filters: { label: [`${POD_INSTANCE}=${instance}`] } })
  await Promise.all(running.map(({ Id }) => docker.getContainer(Id).stop({ t: 5 }).catch(gone)))
}

/** Nothing is left: pods, mounts, containers, the network, the folder. */
export async function remove(parts: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const { docker, base, say } = parts
  const { name } = state
  const way = wayOf(parts, state)
  await way.cleanUp(state)
  await removeRest(docker, name)
  await way.forget()
  rmSync(clusterFolder(base, name), { recursive: true, force: true })
  say(`${name} is deleted`)
}

/** @throws LocalClusterError with what the node says */
async function untilReady(
  { listNodes, base }: LocalClusterParts,
  state: LocalClusterState,
  way: Way,
  { ended }: Started,
): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  const startedMs = Date.now()
  let why = 'its API server does not answer'
  let end: string | undefined
  void ended.then(reason => (end = reason))
  while (performance.now() < deadline && end === undefined) {
    try {
      const nodes = await listNodes(controlPlaneFolder(base, state.name))
      const ready = new Set(nodes.filter(node => isReadySince(node, startedMs)).map(({ metadata }) => metadata.name))
      const missing = state.nodes.filter(({ name }) => !ready.has(name))
      if (missing.length === 0) return
      why = `${missing.map(({ name }) => name).join(', ')} ${missing.length === 1 ? 'is' : 'are'} not Ready`
    } catch (error) {
      why = (error as Error).message
    }
    await pause(POLL_MS)
  }
  throw new LocalClusterError(
    end === undefined
      ? `${state.name} did not come up within ${READY_TIMEOUT_MS / 1000} s: ${why}; see: ${way.see(state)}`
      : `${state.name} did not come up: ${end}`,
  )
}

/** What was said before a stop does not count. Whole seconds. */
function isReadySince({ status }: Node, sinceMs: number): boolean {
  const ready = conditionOf(status.conditions, 'Ready')
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') + 1_000 >= sinceMs
}
