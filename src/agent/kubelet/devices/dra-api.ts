// How the kubelet speaks with drivers of dynamic resources: versions v1 and v1beta1, whose messages are the same, and
// what drivers tell of the health of their devices.
//
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
import {
  type Decoded,
  integer,
  many,
  manyTexts,
  message,
  messages,
  nested,
  optionalText,
  text,
} from '../../../shared/protobuf/message.ts'
import { method } from '../plugins/rpc.ts'

const claim = message({ namespace: text(1), uid: text(2), name: text(3) })
const device = message({
  requestNames: manyTexts(1),
  poolName: text(2),
  deviceName: text(3),
  cdiDeviceIDs: manyTexts(4),
  shareID: optionalText(5),
})
const claims = message({ claims: many(1, claim) })
const prepared = message({ claims: messages(1, message({ devices: many(1, device), error: text(2) })) })
const unprepared = message({ claims: messages(1, message({ error: text(1) })) })

export type ClaimReference = Decoded<typeof claim>
export type PreparedDevice = Decoded<typeof device>

const service = (version: string) => {
  const path = `k8s.io.kubelet.pkg.apis.dra.${version}.DRAPlugin`
  return {
    nodePrepareResources: method(`${path}/NodePrepareResources`, claims, prepared),
    nodeUnprepareResources: method(`${path}/NodeUnprepareResources`, claims, unprepared),
  }
}

/** By what a driver says that it serves. */
export const DRA_SERVICES = {
  'v1.DRAPlugin': service('v1'),
  'v1beta1.DRAPlugin': service('v1beta1'),
} as const
export type DraService = keyof typeof DRA_SERVICES

const deviceHealth = message({
  device: nested(1, message({ poolName: text(1), deviceName: text(2) })),
  health: integer(2),
  lastUpdatedTime: integer(3),
  healthCheckTimeoutSeconds: integer(4),
  message: text(5),
})
export type DeviceHealth = Decoded<typeof deviceHealth>
/** By the number that stands for it. */
export const HEALTHS = ['Unknown', 'Healthy', 'Unhealthy'] as const

export const nodeWatchResources = method(
  'v1alpha1.DRAResourceHealth/NodeWatchResources',
  message({}),
  message({ devices: many(1, deviceHealth) }),
  { isStream: true },
)
