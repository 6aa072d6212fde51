// What tells the nodes of this machine apart: a name, a folder, and a network where it is not Docker's own.
import type { DataDirLayout } from '../data-folder/data-dir.ts'

export interface LocalPlace {
  readonly nodeName: string
  /** Of the node alone. */
  readonly layout: Pick<DataDirLayout, 'root' | 'agent' | 'logs'>
  /** Without, the node is in the network in which Docker is. */
  readonly network?: PlaceNetwork
  /** The agent's identity; without, it chooses one. */
  readonly instance?: string
}

/** A network namespace of its own, which a container holds: see `held-network.ts`. */
export interface PlaceNetwork {
  /** The name of that container. */
  readonly holder: string
  readonly labels: Readonly<Record<string, string>>
  /** Docker's name for what connects such nodes. */
  readonly network: string
  readonly ip: string
  readonly hostname: string
}
