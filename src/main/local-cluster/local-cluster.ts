// A cluster of several nodes on this machine: made, started, stopped and deleted through Docker alone.
import { randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { Node } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import type { ClusterRanges } from '../cluster-network.ts'
import { ensureDataDir } from '../data-dir.ts'
import { ensureEmptyImage } from '../local-node/empty-image.ts'
import {
  type ContainerParts,
  cleanUpOptions,
  controlPlaneContainer,
  controlPlaneOptions,
  labelled,
  networkName,
  nodeContainer,
  nodeOptions,
} from './containers.ts'
import { LocalClusterError } from './error.ts'
import type { LocalProgram } from './program.ts'
import { createNetwork, freePort, nodeAddress } from './network.ts'
import { nodeConfigPath, writeNodeFiles } from './node-files.ts'
import {
  type LocalClusterState,
  type LocalNodeState,
  clusterFolder,
  controlPlaneFolder,
  readState,
  writeState,
} from './state.ts'

export interface LocalClusterParts {
  readonly docker: Docker
  readonly dockerSocket: string
  /** Folder of all local clusters. */
  readonly base: string
  /** What the containers run; made ready when first asked for. */
  readonly program: () => Promise<LocalProgram>
  /** Nodes of the running cluster. @throws while it does not answer */
  readonly listNodes: (dataDir: string) => Promise<readonly Node[]>
  readonly say: (line: string) => void
}

const READY_TIMEOUT_MS = 120_000
const POLL_MS = 50
const POD_INSTANCE = 'dev.flotilla.instance'

const gone = (error: { statusCode?: number }) => {
  if (error.statusCode !== 404 && error.statusCode !== 304) throw error
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
  const made = await containerParts(parts)
  const { subnet, gateway } = await createNetwork(docker, name, ranges)
  const state: LocalClusterState = {
    name,
    subnet,
    gateway,
    port: await freePort(gateway),
    nodes: Array.from({ length: nodes }, (_, i) => ({
      name: `${name}-${i + 1}`,
      ip: nodeAddress(subnet, i),
      instance: randomUUID(),
    })),
    ranges,
  }
  await build(parts, state, made)
  say(`${name}: ${nodes === 1 ? '1 node is' : `${nodes} nodes are`} Ready`)
  return state
}

const containerParts = async ({ docker, program }: LocalClusterParts): Promise<ContainerParts> => ({
  image: await ensureEmptyImage(docker),
  program: await program(),
})

async function build(parts: LocalClusterParts, state: LocalClusterState, made: ContainerParts): Promise<void> {
  const { docker, base, dockerSocket } = parts
  const dataDir = controlPlaneFolder(base, state.name)
  ensureDataDir(dataDir)
  // First of all: whatever fails from here on can be deleted by name.
  writeState(base, state)
  const { openPki } = await import('../pki/pki.ts')
  const pki = await openPki({ dataDir, names: [state.gateway] })
  const control = await docker.createContainer(controlPlaneOptions(state, made, dataDir))
  await control.start()
  const startNode = async (node: LocalNodeState) => {
    await writeNodeFiles(base, state, node, pki, dockerSocket)
    const config = nodeConfigPath(base, state.name, node.name)
    const container = await docker.createContainer(nodeOptions(state, node, made, config))
    await container.start()
  }
  await Promise.all(state.nodes.map(startNode))
  await untilReady(parts, state)
}

/** Everything runs again as it was. */
export async function start(parts: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const { docker, say } = parts
  // An app that was updated meanwhile runs in its new version.
  await parts.program()
  await docker.getContainer(controlPlaneContainer(state.name)).start().catch(gone)
  await Promise.all(
    state.nodes.map(node => docker.getContainer(nodeContainer(state.name, node.name)).start().catch(gone)),
  )
  await untilReady(parts, state)
  say(`${state.name} runs`)
}

/** Agents first, which would start their pods again; then the pods; the control plane last. */
export async function stop(parts: LocalClusterParts, { name, nodes }: LocalClusterState): Promise<void> {
  const { docker, say } = parts
  await Promise.all(nodes.map(node => docker.getContainer(nodeContainer(name, node.name)).stop({ t: 10 }).catch(gone)))
  await Promise.all(nodes.map(node => stopPods(docker, node)))
  await docker.getContainer(controlPlaneContainer(name)).stop({ t: 15 }).catch(gone)
  say(`${name} is stopped; start it with: flotilla local start ${name}`)
}

async function stopPods(docker: Docker, { instance }: LocalNodeState): Promise<void> {
  const running = await docker.listContainers({ filters: { label: [`${POD_INSTANCE}=${instance}`] } })
  await Promise.all(running.map(({ Id }) => docker.getContainer(Id).stop({ t: 5 }).catch(gone)))
}

/** Nothing is left: pods, mounts, containers, the network, the folder. */
export async function remove(parts: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const { docker, base, say } = parts
  const { name, nodes } = state
  const made = await containerParts(parts)
  await removeContainers(docker, name)
  await Promise.all(nodes.map(node => cleanUp(parts, state, node, made)))
  await removeRest(docker, name)
  rmSync(clusterFolder(base, name), { recursive: true, force: true })
  say(`${name} is deleted`)
}

async function cleanUp(
  { docker, base }: LocalClusterParts,
  state: LocalClusterState,
  { name }: LocalNodeState,
  made: ContainerParts,
): Promise<void> {
  const config = nodeConfigPath(base, state.name, name)
  if (!existsSync(config)) return
  const container = await docker.createContainer(cleanUpOptions(state, made, config))
  try {
    await container.start()
    const { StatusCode } = (await container.wait()) as { StatusCode: number }
    if (StatusCode === 0) return
    const log = await container.logs({ stdout: true, stderr: true, tail: 3 })
    throw new LocalClusterError(`cleaning up the node ${name} failed: ${printable(log.toString('utf8'))}`)
  } finally {
    await container.remove({ force: true }).catch(gone)
  }
}

const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()

async function removeContainers(docker: Docker, name: string): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [labelled(name)] } })
  await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true }).catch(gone)))
}

async function removeRest(docker: Docker, name: string): Promise<void> {
  await removeContainers(docker, name)
  await docker.getNetwork(networkName(name)).remove().catch(gone)
}

/** @throws LocalClusterError with what the node says */
async function untilReady({ listNodes, base }: LocalClusterParts, state: LocalClusterState): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  const startedMs = Date.now()
  let why = 'its API server does not answer'
  while (performance.now() < deadline) {
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
    `${state.name} did not come up within ${READY_TIMEOUT_MS / 1000} s: ${why}; see: docker logs ` +
      controlPlaneContainer(state.name),
  )
}

/** What was said before a stop does not count. Whole seconds. */
function isReadySince({ status }: Node, sinceMs: number): boolean {
  const ready = conditionOf(status.conditions, 'Ready')
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') + 1_000 >= sinceMs
}
