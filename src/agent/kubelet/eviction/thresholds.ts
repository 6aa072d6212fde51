// When the node is short of something. Signals are upstream's, and defaults but for the disk: see ADR 14.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-signals
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { MachineUsage } from '../node/machine.ts'

export const SIGNALS = {
  'memory.available': { condition: 'MemoryPressure', resource: 'memory' },
  'nodefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'nodefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'imagefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'imagefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'pid.available': { condition: 'PIDPressure', resource: 'pids' },
} as const
export type Signal = keyof typeof SIGNALS

/** By signal: an amount, or a share of the whole such as `10%`. */
export type Thresholds = Readonly<Partial<Record<Signal, string>>>

export const DEFAULT_THRESHOLDS: Thresholds = {
  'memory.available': '100Mi',
  'nodefs.available': '5%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '5%',
  'imagefs.inodesFree': '5%',
  'pid.available': '5%',
}

export interface NodeUsage {
  readonly memoryBytes: number
  readonly node: MachineUsage
  /** Of the file system that holds images and writable layers. */
  readonly images: MachineUsage
}

export interface Observation {
  readonly signal: Signal
  readonly available: number
  readonly capacity: number
  /** Below this the node is short. */
  readonly threshold: number
}

const valueOf = (signal: Signal, { memoryBytes, node, images }: NodeUsage): [available: number, capacity: number] => {
  switch (signal) {
    case 'memory.available':
      return [node.memoryAvailableBytes, memoryBytes]
    case 'nodefs.available':
      return [node.diskAvailableBytes, node.diskTotalBytes]
    case 'nodefs.inodesFree':
      return [node.inodesAvailable, node.inodesTotal]
    case 'imagefs.available':
      return [images.diskAvailableBytes, images.diskTotalBytes]
    case 'imagefs.inodesFree':
      return [images.inodesAvailable, images.inodesTotal]
    case 'pid.available':
      return [node.maxPids - node.pids, node.maxPids]
  }
}

export function amountOf(threshold: string, capacity: number): number {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(threshold)?.[1]
  return share === undefined ? parseQuantity(threshold).value() : (capacity * Number(share)) / 100
}

/** @returns the signals below their thresholds, memory first */
export function shortages(thresholds: Thresholds, usage: NodeUsage): Observation[] {
  return (Object.keys(SIGNALS) as Signal[]).flatMap(signal => {
    const given = thresholds[signal]
    const [available, capacity] = valueOf(signal, usage)
    // A file system without a fixed number of inodes has none to be short of.
    if (given === undefined || capacity === 0) return []
    const threshold = amountOf(given, capacity)
    return available < threshold ? [{ signal, available, capacity, threshold }] : []
  })
}
