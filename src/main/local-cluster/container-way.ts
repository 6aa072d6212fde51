// A local cluster of containers alone, which run this machine's own programs. Docker starts them again by itself.
import { existsSync } from 'node:fs'
import { ensureEmptyImage } from '../local-node/empty-image.ts'
import {
  type ContainerParts,
  cleanUpOptions,
  controlPlaneContainer,
  controlPlaneOptions,
  labelled,
  nodeContainer,
  nodeOptions,
} from './containers.ts'
import { LocalClusterError } from './error.ts'
import { nodeConfigPath, writeNodeFiles } from './node-files.ts'
import { removeContainers } from './remove-containers.ts'
import { type LocalClusterState, type LocalNodeState, controlPlaneFolder } from './state.ts'
import { type LocalClusterParts, STARTED, type Started, type Way, gone } from './way.ts'

export class ContainerWay implements Way {
  readonly #parts: LocalClusterParts

  constructor(parts: LocalClusterParts) {
    this.#parts = parts
  }

  async prepare(): Promise<void> {
    await this.#made()
  }

  async #made(): Promise<ContainerParts> {
    const { docker, program } = this.#parts
    return { image: await ensureEmptyImage(docker), program: await program() }
  }

  async make(state: LocalClusterState): Promise<Started> {
    const { docker, base, plan } = this.#parts
    const made = await this.#made()
    const dataDir = controlPlaneFolder(base, state.name)
    const { openPki } = await import('../pki/pki.ts')
    const pki = await openPki({ dataDir, names: [state.gateway] })
    const control = await docker.createContainer(controlPlaneOptions(state, made, dataDir))
    await control.start()
    const startNode = async (node: LocalNodeState) => {
      await writeNodeFiles(base, state, node, pki, plan.dockerSocket)
      const config = nodeConfigPath(base, state.name, node.name)
      const container = await docker.createContainer(nodeOptions(state, node, made, config))
      await container.start()
    }
    await Promise.all(state.nodes.map(startNode))
    return STARTED
  }

  async start({ name, nodes }: LocalClusterState): Promise<Started> {
    const { docker, program } = this.#parts
    // An app that was updated meanwhile runs in its new version.
    await program()
    const start = (container: string) => docker.getContainer(container).start().catch(gone)
    await start(controlPlaneContainer(name))
    await Promise.all(nodes.map(node => start(nodeContainer(name, node.name))))
    return STARTED
  }

  async stop({ name, nodes }: LocalClusterState, stopPods: () => Promise<void>): Promise<void> {
    const stop = (container: string, t: number) => this.#parts.docker.getContainer(container).stop({ t }).catch(gone)
    await Promise.all(nodes.map(node => stop(nodeContainer(name, node.name), 10)))
    await stopPods()
    await stop(controlPlaneContainer(name), 15)
  }

  async cleanUp(state: LocalClusterState): Promise<void> {
    const made = await this.#made()
    await removeContainers(this.#parts.docker, state.name)
    await Promise.all(state.nodes.map(node => this.#cleanUpNode(state, node, made)))
  }

  async #cleanUpNode(state: LocalClusterState, { name }: LocalNodeState, made: ContainerParts): Promise<void> {
    const { docker, base } = this.#parts
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

  async forget(): Promise<void> {}

  async running({ name }: LocalClusterState): Promise<{ nodes: number; isRunning: boolean }> {
    const running = await this.#parts.docker.listContainers({ filters: { label: [labelled(name)] } })
    const names = running.flatMap(({ Names }) => Names.map(each => each.replace(/^\//, '')))
    const isRunning = names.includes(controlPlaneContainer(name))
    return { nodes: names.length - (isRunning ? 1 : 0), isRunning }
  }

  see = ({ name }: LocalClusterState): string => `docker logs ${controlPlaneContainer(name)}`
}

const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
