// The node's conditions: whether it works, and what it is short of.
import type { NodeCondition } from '../../../shared/api/core/v1.ts'
import type { MachineUsage } from './machine.ts'

/** Upstream's hard eviction thresholds. */
const MIN_MEMORY_BYTES = 100 * 1024 ** 2
const MIN_DISK_SHARE = 0.1
const MIN_INODE_SHARE = 0.05
const MIN_PID_SHARE = 0.05

type Draft = Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'>

const pressure = (type: string, under: boolean, yes: [string, string], no: [string, string]): Draft => {
  const [reason, message] = under ? yes : no
  return { type, status: under ? 'True' : 'False', reason, message }
}

export function nodeConditionsOf(usage: MachineUsage, notReady: readonly string[]): Draft[] {
  const lowDisk =
    usage.diskAvailableBytes < usage.diskTotalBytes * MIN_DISK_SHARE ||
    (usage.inodesTotal > 0 && usage.inodesAvailable < usage.inodesTotal * MIN_INODE_SHARE)
  const lowPids = usage.maxPids - usage.pids < usage.maxPids * MIN_PID_SHARE
  return [
    pressure(
      'MemoryPressure',
      usage.memoryAvailableBytes < MIN_MEMORY_BYTES,
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    pressure(
      'DiskPressure',
      lowDisk,
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    pressure(
      'PIDPressure',
      lowPids,
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    notReady.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: `[${notReady.join(', ')}]` },
  ]
}

/** @param now RFC 3339 */
export function mergeConditions(drafts: readonly Draft[], old: readonly NodeCondition[], now: string): NodeCondition[] {
  const types = new Set(drafts.map(({ type }) => type))
  const mine = drafts.map(draft => {
    const before = old.find(({ type }) => type === draft.type)
    const since = before?.status === draft.status ? (before.lastTransitionTime ?? now) : now
    return { ...draft, lastHeartbeatTime: now, lastTransitionTime: since }
  })
  return [...old.filter(({ type }) => !types.has(type)), ...mine]
}
