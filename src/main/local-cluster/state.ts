// A local cluster on disk: a folder with the control plane's data, one folder a node, and what it is made of.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterRanges } from '../cluster-network.ts'
import { writeAtomically } from '../kubeconfig-file.ts'

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
  /** This machine in it: where the API server listens. */
  readonly gateway: string
  readonly port: number
  readonly nodes: readonly LocalNodeState[]
  /** Of pods and Services; without, the default ones. */
  readonly ranges?: ClusterRanges
}

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
