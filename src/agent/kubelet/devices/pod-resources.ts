// The PodResources API: which devices pods have, for exporters of metrics and others on the node.
//
// @see https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/#monitoring-device-plugin-resources
import type { Pod } from '../../../shared/api/core/v1.ts'
import {
  type Encodable,
  integer,
  many,
  manyIntegers,
  manyTexts,
  message,
  nested,
  optionalText,
  text,
} from '../../../shared/protobuf/message.ts'
import { RpcError, method, serveRpc, serves } from '../plugins/rpc.ts'
import type { DeviceManager } from './device-manager.ts'
import { type PluginDevice, topologyInfo } from './device-plugin-api.ts'
import type { PreparedClaims } from './prepared-claims.ts'

const containerDevices = message({ resourceName: text(1), deviceIDs: manyTexts(2), topology: nested(3, topologyInfo) })
const containerMemory = message({ memoryType: text(1), size: integer(2), topology: nested(3, topologyInfo) })
const claimResource = message({
  cdiDevices: many(1, message({ name: text(1) })),
  driverName: text(2),
  poolName: text(3),
  deviceName: text(4),
  shareID: optionalText(5),
})
const dynamicResource = message({ claimName: text(2), claimNamespace: text(3), claimResources: many(4, claimResource) })
const containerResources = message({
  name: text(1),
  devices: many(2, containerDevices),
  cpuIDs: manyIntegers(3),
  memory: many(4, containerMemory),
  dynamicResources: many(5, dynamicResource),
})
const podResources = message({ name: text(1), namespace: text(2), containers: many(3, containerResources) })

const lister = 'v1.PodResourcesLister'
export const listPodResources = method(`${lister}/List`, message({}), message({ podResources: many(1, podResources) }))
export const getPodResources = method(
  `${lister}/Get`,
  message({ podName: text(1), podNamespace: text(2) }),
  message({ podResources: nested(1, podResources) }),
)
export const getAllocatableResources = method(
  `${lister}/GetAllocatableResources`,
  message({}),
  message({ devices: many(1, containerDevices), cpuIDs: manyIntegers(2), memory: many(3, containerMemory) }),
)

export interface PodResourcesOptions {
  readonly socketPath: string
  readonly devices: DeviceManager
  readonly claims: PreparedClaims
  /** Pods that are not over. */
  readonly pods: () => readonly Pod[]
}

export const servePodResources = ({
  socketPath,
  devices,
  claims,
  pods,
}: PodResourcesOptions): Promise<AsyncDisposable> => {
  const tell = (pod: Pod) => resourcesOf(pod, devices, claims)
  return serveRpc(socketPath, [
    serves(listPodResources, async () => ({ podResources: pods().map(tell) })),
    serves(getPodResources, async ({ podName, podNamespace }) => {
      const pod = pods().find(({ metadata }) => metadata.name === podName && metadata.namespace === podNamespace)
      if (!pod) throw new RpcError('Unknown', `pod ${podName} in namespace ${podNamespace} not found`)
      return { podResources: tell(pod) }
    }),
    serves(getAllocatableResources, async () => ({
      devices: [...devices.healthyDevices].flatMap(([resource, all]) => byTopology(resource, all)),
    })),
  ])
}

function resourcesOf(pod: Pod, devices: DeviceManager, claims: PreparedClaims): Encodable<typeof podResources> {
  const { name, namespace, uid } = pod.metadata
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return {
    name,
    namespace,
    containers: [...sidecars, ...pod.spec.containers].map(container => ({
      name: container.name,
      devices: devices
        .devicesOf(uid, container.name)
        .flatMap(({ resource, devices: all }) => byTopology(resource, all)),
      dynamicResources: claims.devicesOf(pod, container).map(({ claim, devices: all }) => ({
        claimName: claim.name,
        claimNamespace: claim.namespace,
        claimResources: all.map(({ cdiDeviceIDs, driver, poolName, deviceName, shareID }) => ({
          cdiDevices: cdiDeviceIDs.map(id => ({ name: id })),
          driverName: driver,
          poolName,
          deviceName,
          shareID,
        })),
      })),
    })),
  }
}

/** Devices that are at the same place of the machine are told together. */
function byTopology(resource: string, all: readonly PluginDevice[]): Encodable<typeof containerDevices>[] {
  const places = new Map<string, PluginDevice[]>()
  for (const device of all) {
    const place = JSON.stringify(device.topology?.nodes ?? [])
    places.set(place, [...(places.get(place) ?? []), device])
  }
  return [...places.values()].map(devices => ({
    resourceName: resource,
    deviceIDs: devices.map(({ ID }) => ID),
    topology: devices[0]?.topology,
  }))
}
