// The nodes of a local cluster whose control plane is a process of this machine, as that process runs them.
import { basename, dirname } from 'node:path'
import { dataDirLayout, ensureDataDir } from '../data-folder/data-dir.ts'
import type { LocalPlace } from '../local-node/place.ts'
import { labelsOf, networkName, nodeContainer } from './containers.ts'
import { LocalClusterError } from './error.ts'
import { type LocalClusterState, type LocalNodeState, nodeFolder, readState } from './state.ts'

/** @throws LocalClusterError when there is no local cluster in the folder */
export function nodesOf(folder: string): { places: LocalPlace[]; relayAddress: string } {
  const base = dirname(folder)
  const state = readState(base, basename(folder))
  if (!state) throw new LocalClusterError(`${folder} is no local cluster`)
  for (const { name } of state.nodes) ensureDataDir(nodeFolder(base, state.name, name))
  return { places: state.nodes.map(node => placeOf(base, state, node)), relayAddress: state.gateway }
}

export const placeOf = (base: string, { name }: LocalClusterState, node: LocalNodeState): Required<LocalPlace> => ({
  nodeName: node.name,
  layout: dataDirLayout(nodeFolder(base, name, node.name)),
  instance: node.instance,
  network: {
    holder: nodeContainer(name, node.name),
    labels: labelsOf(name),
    network: networkName(name),
    ip: node.ip,
    hostname: node.name,
  },
})
