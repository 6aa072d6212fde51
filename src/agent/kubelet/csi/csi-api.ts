// The part of the Container Storage Interface that a node speaks: messages with their field numbers, and the methods.
//
// @see https://github.com/container-storage-interface/spec/blob/master/spec.md
import {
  type Decoded,
  type Encodable,
  bool,
  integer,
  many,
  manyTexts,
  message,
  nested,
  text,
  texts,
} from '../../../shared/protobuf/message.ts'
import { method } from '../plugins/rpc.ts'

export const ACCESS_MODES = {
  unknown: 0,
  singleNodeWriter: 1,
  multiNodeReaderOnly: 3,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const

/** What a driver's node service can do beyond publishing. */
export const NODE_CAPABILITIES = {
  stageUnstage: 1,
  volumeStats: 2,
  expand: 3,
  singleNodeMultiWriter: 5,
  volumeMountGroup: 6,
} as const
export type NodeCapability = keyof typeof NODE_CAPABILITIES

export const BYTES = 1
export const INODES = 2

const empty = message({})
const capability = message({
  block: nested(1, empty),
  mount: nested(2, message({ fsType: text(1), mountFlags: manyTexts(2), volumeMountGroup: text(3) })),
  accessMode: nested(3, message({ mode: integer(1) })),
})
export type VolumeCapability = Encodable<typeof capability>

const stageRequest = message({
  volumeId: text(1),
  publishContext: texts(2),
  stagingTargetPath: text(3),
  volumeCapability: nested(4, capability),
  secrets: texts(5),
  volumeContext: texts(6),
})
const publishRequest = message({
  volumeId: text(1),
  publishContext: texts(2),
  stagingTargetPath: text(3),
  targetPath: text(4),
  volumeCapability: nested(5, capability),
  readonly: bool(6),
  secrets: texts(7),
  volumeContext: texts(8),
})
const expandRequest = message({
  volumeId: text(1),
  volumePath: text(2),
  capacityRange: nested(3, message({ requiredBytes: integer(1), limitBytes: integer(2) })),
  stagingTargetPath: text(4),
  volumeCapability: nested(5, capability),
  secrets: texts(6),
})
const nodeInfo = message({
  nodeId: text(1),
  maxVolumesPerNode: integer(2),
  accessibleTopology: nested(3, message({ segments: texts(1) })),
})
const capabilities = message({
  capabilities: many(1, message({ rpc: nested(1, message({ type: integer(1) })) })),
})
const stats = message({
  usage: many(1, message({ available: integer(1), total: integer(2), used: integer(3), unit: integer(4) })),
  volumeCondition: nested(2, message({ abnormal: bool(1), message: text(2) })),
})

export type NodeInfo = Decoded<typeof nodeInfo>
export type VolumeStats = Decoded<typeof stats>

const node = (name: string) => `csi.v1.Node/${name}`

export const nodeGetInfo = method(node('NodeGetInfo'), empty, nodeInfo)
export const nodeGetCapabilities = method(node('NodeGetCapabilities'), empty, capabilities)
export const nodeStageVolume = method(node('NodeStageVolume'), stageRequest, empty)
export const nodeUnstageVolume = method(
  node('NodeUnstageVolume'),
  message({ volumeId: text(1), stagingTargetPath: text(2) }),
  empty,
)
export const nodePublishVolume = method(node('NodePublishVolume'), publishRequest, empty)
export const nodeUnpublishVolume = method(
  node('NodeUnpublishVolume'),
  message({ volumeId: text(1), targetPath: text(2) }),
  empty,
)
export const nodeExpandVolume = method(node('NodeExpandVolume'), expandRequest, message({ capacityBytes: integer(1) }))
export const nodeGetVolumeStats = method(
  node('NodeGetVolumeStats'),
  message({ volumeId: text(1), volumePath: text(2), stagingTargetPath: text(3) }),
  stats,
)
