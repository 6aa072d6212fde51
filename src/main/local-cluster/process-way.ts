// A local cluster where Docker's network is out of this machine's reach: the control plane is a process of this machine,
// which opens node ports on its loopback, and runs the agents in Docker as it runs that of the machine's own node.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type RunningServer, runningServer } from '../data-folder/running-server.ts'
import { dataDirLayout } from '../data-folder/data-dir.ts'
import { ensureAgentImage, removeAgentImages } from '../local-node/apart/image.ts'
import { removeLocalNodes } from '../local-node/remove.ts'
import { processStart } from '../process/process-start.ts'
import { labelled, nodeContainer, rangeFlags } from './containers.ts'
import { LocalClusterError } from './error.ts'
import { placeOf } from './places.ts'
import { type LocalClusterState, apiHost, clusterFolder, controlPlaneFolder } from './state.ts'
import { type LocalClusterParts, STARTED, type Started, type Way, gone } from './way.ts'

const POLL_MS = 50
const END_TIMEOUT_MS = 20_000

export class ProcessWay implements Way {
  readonly #parts: LocalClusterParts

  constructor(parts: LocalClusterParts) {
    this.#parts = parts
  }

  async prepare(): Promise<void> {
    const { docker, plan } = this.#parts
    if (plan.run === 'apart') await inOneLine(ensureAgentImage(docker))
  }

  make = (state: LocalClusterState): Promise<Started> => this.start(state)

  async start(state: LocalClusterState): Promise<Started> {
    const dataDir = this.#dataDir(state)
    return (await ownServer(this.#parts, dataDir)) ? STARTED : serveLocal(this.#parts, state)
  }

  async stop(state: LocalClusterState, stopPods: () => Promise<void>): Promise<void> {
    const { docker } = this.#parts
    await this.#end(this.#dataDir(state))
    await stopPods()
    const stop = (name: string) => docker.getContainer(nodeContainer(state.name, name)).stop({ t: 0 }).catch(gone)
    await Promise.all(state.nodes.map(({ name }) => stop(name)))
  }

  async cleanUp(state: LocalClusterState): Promise<void> {
    const dataDir = this.#dataDir(state)
    await this.#end(dataDir)
    const places = state.nodes.map(node => placeOf(this.#parts.base, state, node))
    const nodes = places.map(({ layout, network }) => ({ dataDir: layout.root, network }))
    await inOneLine(removeLocalNodes(nodes, dataDir))
  }

  async forget(): Promise<void> {
    if (this.#parts.plan.run === 'apart') await removeAgentImages(this.#parts.docker)
  }

  async running(state: LocalClusterState): Promise<{ nodes: number; isRunning: boolean }> {
    // Without their agents, which end with the control plane, nodes do nothing.
    if (!(await ownServer(this.#parts, this.#dataDir(state)))) return { nodes: 0, isRunning: false }
    const found = await this.#parts.docker.listContainers({ filters: { label: [labelled(state.name)] } })
    return { nodes: found.length, isRunning: true }
  }

  see = (state: LocalClusterState): string => serveLog(this.#parts.base, state)

  /** Its agents end with it; pods run on. */
  async #end(dataDir: string): Promise<void> {
    const server = await ownServer(this.#parts, dataDir)
    if (!server) return
    process.kill(server.pid, 'SIGTERM')
    const deadline = performance.now() + END_TIMEOUT_MS
    while (isAlive(server) && performance.now() < deadline) await pause(POLL_MS)
    if (isAlive(server)) process.kill(server.pid, 'SIGKILL')
  }

  #dataDir = ({ name }: LocalClusterState): string => controlPlaneFolder(this.#parts.base, name)
}

/** What is said by the machine's own node is for people, too. @throws LocalClusterError, or what Docker refused */
const inOneLine = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: Error & { statusCode?: number }) => {
    throw error.statusCode === undefined ? new LocalClusterError(error.message, { cause: error }) : error
  })

const serveLog = (base: string, { name }: LocalClusterState): string =>
  join(dataDirLayout(controlPlaneFolder(base, name)).logs, 'serve.log')

/** Docker may come later. */
export function serveLocal(
  { base, serve }: Pick<LocalClusterParts, 'base' | 'serve'>,
  state: LocalClusterState,
): Promise<Started> {
  const args = [
    'serve', '--data-dir', controlPlaneFolder(base, state.name), '--listen', `${apiHost(state)}:${state.port}`,
    '--advertise', state.gateway, '--loopback-node-ports', '--local-cluster', clusterFolder(base, state.name),
    ...rangeFlags(state.ranges),
  ] // prettier-ignore
  return serve(args, serveLog(base, state))
}

/**
 * @returns undefined where none runs. What is left of one that was killed may name another program by now: where the
 * system does not tell them apart, it has to answer.
 */
export async function ownServer(
  { listNodes }: Pick<LocalClusterParts, 'listNodes'>,
  dataDir: string,
): Promise<RunningServer | undefined> {
  const server = runningServer(dataDir)
  if (!server || server.processStart) return server
  return listNodes(dataDir).then(
    () => server,
    () => undefined,
  )
}

function isAlive({ pid, processStart: started = '' }: RunningServer): boolean {
  try {
    return process.kill(pid, 0) && processStart(pid) === started
  } catch {
    return false
  }
}
