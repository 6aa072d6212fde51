// The device plugin API, v1beta1: what a plugin serves, and where it registers.
//
// @see https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/
import {
  bool,
  type Decoded,
  type Encodable,
  integer,
  many,
  manyTexts,
  message,
  nested,
  text,
  texts,
} from '../../../shared/protobuf/message.ts'
import { method } from '../plugins/rpc.ts'

export const DEVICE_PLUGIN_VERSION = 'v1beta1'
export const HEALTHY = 'Healthy'

const empty = message({})
const options = message({ preStartRequired: bool(1), getPreferredAllocationAvailable: bool(2) })
const registerRequest = message({
  version: text(1),
  endpoint: text(2),
  resourceName: text(3),
  options: nested(4, options),
})
export const topologyInfo = message({ nodes: many(1, message({ ID: integer(1) })) })
const device = message({ ID: text(1), health: text(2), topology: nested(3, topologyInfo) })
const listAndWatchResponse = message({ devices: many(1, device) })
const devicesIDs = message({ devicesIDs: manyTexts(1) })
const preferredRequest = message({
  containerRequests: many(
    1,
    message({ availableDeviceIDs: manyTexts(1), mustIncludeDeviceIDs: manyTexts(2), allocationSize: integer(3) }),
  ),
})
const preferredResponse = message({ containerResponses: many(1, message({ deviceIDs: manyTexts(1) })) })
const containerAllocation = message({
  envs: texts(1),
  mounts: many(2, message({ containerPath: text(1), hostPath: text(2), readOnly: bool(3) })),
  devices: many(3, message({ containerPath: text(1), hostPath: text(2), permissions: text(3) })),
  annotations: texts(4),
  cdiDevices: many(5, message({ name: text(1) })),
})

export type DevicePluginOptions = Decoded<typeof options>
export type PluginDevice = Decoded<typeof device>
export type RegisterRequest = Decoded<typeof registerRequest>
/** What a container is to get with its devices. */
export type ContainerAllocation = Decoded<typeof containerAllocation>
export type ContainerAllocationInput = Encodable<typeof containerAllocation>

export const register = method('v1beta1.Registration/Register', registerRequest, empty)
const plugin = 'v1beta1.DevicePlugin'
export const getDevicePluginOptions = method(`${plugin}/GetDevicePluginOptions`, empty, options)
export const listAndWatch = method(`${plugin}/ListAndWatch`, empty, listAndWatchResponse, { isStream: true })
export const getPreferredAllocation = method(`${plugin}/GetPreferredAllocation`, preferredRequest, preferredResponse)
export const allocate = method(
  `${plugin}/Allocate`,
  message({ containerRequests: many(1, devicesIDs) }),
  message({ containerResponses: many(1, containerAllocation) }),
)
export const preStartContainer = method(`${plugin}/PreStartContainer`, devicesIDs, empty)
