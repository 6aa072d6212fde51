// A local cluster on disk: a folder with the control plane's data, one folder a node, and what it is made of.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterRanges } from '../addresses/cluster-network.ts'
import { writeAtomically } from '../data-folder/kubeconfig-file.ts'

export interface LocalNodeState {
  readonly name: string
  readonly ip: string
  /** The agent's identity on this machine: which pods' containers are the node's. */
  readonly instance: string
}

export interface LocalClusterState {
  readonly name: string
  /** Of the network that the nodes share. */
  readonly subnet: string
  /** The machine of Docker in it: where nodes reach the API server. */
  readonly gateway: string
  readonly port: number
  readonly nodes: readonly LocalNodeState[]
  /** Of pods and Services; without, the default ones. */
  readonly ranges?: ClusterRanges
  /** Docker's network is out of this machine's reach: the control plane is a process here. Else, it is a container. */
  readonly isApart?: boolean
  /** Nobody wants it to run, even if this machine is started again. */
  readonly isStopped?: boolean
}

/** Where this machine reaches the API server. */
export const apiHost = ({ isApart, gateway }: Pick<LocalClusterState, 'isApart' | 'gateway'>): string =>
  isApart ? '127.0.0.1' : gateway

const FILE = 'local-cluster.json'

export const clusterFolder = (base: string, name: string): string => join(base, name)
export const controlPlaneFolder = (base: string, name: string): string => join(base, name, 'control-plane')
export const nodeFolder = (base: string, name: string, node: string): string => join(base, name, 'nodes', node)

export function readState(base: string, name: string): LocalClusterState | undefined {
  const path = join(clusterFolder(base, name), FILE)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as LocalClusterState) : undefined
}

export const writeState = (base: string, state: LocalClusterState): void =>
  writeAtomically(join(clusterFolder(base, state.name), FILE), JSON.stringify(state, null, 2))

/** Of the clusters in a folder. */
export const readStates = (base: string): LocalClusterState[] =>
  existsSync(base) ? readdirSync(base).flatMap(name => readState(base, name) ?? []) : []
