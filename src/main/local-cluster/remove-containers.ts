// Whatever Docker knows by a local cluster's label.
import type Docker from 'dockerode'
import { labelled, networkName } from './containers.ts'
import { gone } from './way.ts'

export async function removeContainers(docker: Docker, cluster: string): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [labelled(cluster)] } })
  await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true }).catch(gone)))
}

/** The network, too. */
export async function removeRest(docker: Docker, cluster: string): Promise<void> {
  await removeContainers(docker, cluster)
  await docker.getNetwork(networkName(cluster)).remove().catch(gone)
}
