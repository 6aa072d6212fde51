// Clusters of several nodes on this machine, as the window asks for them: one thing at a time to each.
import { existsSync } from 'node:fs'
import type { LocalCluster, LocalClusterWish, LocalClusters } from '../../preload/channels.ts'
import type { LocalClusterParts, Serve } from '../local-cluster/way.ts'
import type { OtherClusters } from './clusters/other-clusters.ts'

export interface LocalClusterDeskOptions {
  /** Where local clusters live. */
  readonly folder: string
  /** Where a cluster is shown. */
  readonly windows: Pick<OtherClusters, 'openFile' | 'forgetFile'>
  readonly onChange: (clusters: LocalClusters) => void
  /** How control planes are run that are processes here; without, as processes of their own. */
  readonly serve?: Serve
}

/** Loaded when somebody first looks at local clusters. */
const load = () => import('../local-cluster/manage.ts')

export class LocalClusterDesk {
  readonly #options: LocalClusterDeskOptions
  readonly #doing = new Map<string, LocalClusterWish>()

  constructor(options: LocalClusterDeskOptions) {
    this.#options = options
  }

  /** Those that a reboot of the machine has ended, and that Docker does not start by itself. */
  async startAgain(): Promise<void> {
    const { folder, serve } = this.#options
    if (existsSync(folder)) await (await load()).startWanted(folder, serve)
  }

  /** Never throws: what is wrong with this machine is in the answer. */
  async list(): Promise<LocalClusters> {
    const { listLocal } = await load()
    try {
      const found = await listLocal(await this.#connect())
      const made = found.map(facts => ({ ...facts, doing: this.#doing.get(facts.name) }))
      return { clusters: [...made, ...this.#beginning(new Set(made.map(({ name }) => name)))] }
    } catch (error) {
      return { clusters: [], problem: (error as Error).message }
    }
  }

  /** Those of which nothing is on the disk yet. */
  #beginning(known: ReadonlySet<string>): LocalCluster[] {
    return [...this.#doing]
      .filter(([name]) => !known.has(name))
      .map(([name, doing]) => ({ name, nodes: 0, runningNodes: 0, isRunning: false, doing }))
  }

  /** @throws Error, in a sentence, when it cannot be done */
  async run(wish: LocalClusterWish, name: string, nodes: number): Promise<void> {
    const { nameProblem, MOST_NODES } = await load()
    const problem = nameProblem(name)
    if (problem) throw new Error(problem)
    if (wish === 'create' && !(Number.isInteger(nodes) && nodes >= 1 && nodes <= MOST_NODES))
      throw new Error(`a local cluster has 1 to ${MOST_NODES} nodes`)
    if (this.#doing.has(name)) throw new Error(`something is being done to ${name} already`)
    this.#doing.set(name, wish)
    try {
      await Promise.all([this.#tell(), this.#perform(wish, name, nodes)])
    } finally {
      this.#doing.delete(name)
      await this.#tell()
    }
  }

  async #perform(wish: LocalClusterWish, name: string, nodes: number): Promise<void> {
    const { actLocal, clearly, localKubeconfig } = await load()
    const parts = await this.#connect()
    // Its certificates change: a window that stays open would go on with the old ones.
    if (wish === 'reset' || wish === 'delete') this.#options.windows.forgetFile(localKubeconfig(parts.base, name))
    if (wish !== 'create') return actLocal(parts, wish, name)
    const { create } = await import('../local-cluster/local-cluster.ts')
    await clearly(create(parts, name, nodes))
  }

  /** @throws Error when it has never run */
  async open(name: string): Promise<void> {
    const { localKubeconfig, nameProblem } = await load()
    const problem = nameProblem(name)
    if (problem) throw new Error(problem)
    this.#options.windows.openFile(localKubeconfig(this.#options.folder, name), name)
  }

  async #connect(): Promise<LocalClusterParts> {
    const { folder, serve } = this.#options
    return (await load()).connectLocal(folder, () => undefined, serve)
  }

  async #tell(): Promise<void> {
    this.#options.onChange(await this.list())
  }
}
