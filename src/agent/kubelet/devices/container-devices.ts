// All devices of one container, whoever gives them, as what its spec says to the runtime.
import { join } from 'node:path'
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import type { KubeletParts } from '../parts.ts'
import { ownPath } from '../plugins/kubelet-folder.ts'
import type { ContainerSpec, Device } from '../runtime/contract.ts'
import { prepareHostPath } from '../volumes/host-path.ts'
import { makeDeviceNode } from './cdi/device-node.ts'
import { type CdiNode, type ContainerAdditions, additionsOf } from './cdi/edits.ts'
import { readCdiDevices } from './cdi/spec.ts'

export interface ContainerDevices extends Pick<ContainerSpec, 'annotations' | 'deviceRequests'> {
  /** `NAME=value`: what plugins say, which gives way to the pod's own. */
  readonly env: readonly string[]
  /** What CDI says, which stands over the pod's own. */
  readonly additions: Omit<ContainerAdditions, 'nvidia' | 'devices'> & { readonly devices: readonly Device[] }
}

/** @throws Error when a driver does not give what the container is to have */
export async function devicesOfContainer(
  { devices, claims, dataDir, tools, engineReadsCdi }: KubeletParts,
  pod: Pod,
  container: Container,
): Promise<ContainerDevices> {
  const allocations = await devices.beforeStart(pod, container)
  const responses = allocations.map(({ response }) => response)
  const ofPlugins = responses.flatMap(({ cdiDevices }) => cdiDevices.map(({ name }) => name))
  const names = [...ofPlugins, ...claims.cdiDevices(pod, container)]
  const cdi = additionsOf(
    engineReadsCdi ? [] : names,
    engineReadsCdi || names.length === 0 ? NO_CDI : await readCdiDevices(tools.root),
  )
  /** A plugin may name a folder that is not there yet, as runtimes make them for Kubernetes. */
  const present = async <T extends { readonly hostPath: string }>(mount: T): Promise<T> => ({
    ...mount,
    hostPath: await prepareHostPath({ path: mount.hostPath }, { tools, dataDir }),
  })
  const made = async ({ numbers, ...device }: CdiNode): Promise<Device> =>
    numbers ? { ...device, hostPath: await makeDeviceNode(join(dataDir, 'device-nodes'), numbers) } : device
  return {
    env: responses.flatMap(({ envs }) => Object.entries(envs).map(([name, value]) => `${name}=${value}`)),
    annotations: Object.assign({}, ...responses.map(({ annotations }) => annotations)) as Record<string, string>,
    deviceRequests: [
      ...(engineReadsCdi && names.length > 0 ? [{ driver: 'cdi' as const, ids: [...new Set(names)] }] : []),
      ...(cdi.nvidia.length > 0 ? [{ driver: 'nvidia' as const, ids: cdi.nvidia }] : []),
    ],
    additions: {
      env: cdi.env,
      groups: cdi.groups,
      mounts: [
        ...(await Promise.all(responses.flatMap(({ mounts }) => mounts).map(present))),
        ...cdi.mounts.map(mount => ({ ...mount, hostPath: ownPath(dataDir, mount.hostPath) })),
      ],
      devices: [...responses.flatMap(response => response.devices), ...(await Promise.all(cdi.devices.map(made)))],
    },
  }
}

const NO_CDI = { devices: new Map(), problems: new Map(), broken: [] }
