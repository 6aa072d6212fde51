// /stats/summary: what the node and its pods use, as `kubectl get --raw` and autoscalers read it.
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { formatMicroTime, formatTime } from '../../shared/machinery/clock.ts'
import { type MachineUsage, machineUsage } from '../kubelet/node/machine.ts'
import type { ContainerStats } from '../kubelet/runtime/contract.ts'
import { podDirOf } from '../kubelet/parts.ts'
import { totalBytes } from '../kubelet/stats/disk-usage.ts'
import type { ApiContext } from './contract.ts'

const NONE: ContainerStats = {
  cpuNanoseconds: 0, memoryUsageBytes: 0, memoryWorkingSetBytes: 0, memoryRssBytes: 0, pageFaults: 0,
  majorPageFaults: 0, pids: 0,
} // prettier-ignore

const plus = (a: ContainerStats, b: ContainerStats): ContainerStats => ({
  cpuNanoseconds: a.cpuNanoseconds + b.cpuNanoseconds,
  memoryUsageBytes: a.memoryUsageBytes + b.memoryUsageBytes,
  memoryWorkingSetBytes: a.memoryWorkingSetBytes + b.memoryWorkingSetBytes,
  memoryRssBytes: a.memoryRssBytes + b.memoryRssBytes,
  pageFaults: a.pageFaults + b.pageFaults,
  majorPageFaults: a.majorPageFaults + b.majorPageFaults,
  pids: a.pids + b.pids,
})

function usageOf({ stats: collector }: ApiContext, key: string, stats: ContainerStats, atMs: number) {
  // Over a short while, a second more or less would be another rate.
  const time = formatMicroTime(atMs)
  const rate = collector.nanoCores(key, stats.cpuNanoseconds, atMs)
  return {
    cpu: { time, ...(rate === undefined ? {} : { usageNanoCores: rate }), usageCoreNanoSeconds: stats.cpuNanoseconds },
    memory: {
      time,
      usageBytes: stats.memoryUsageBytes,
      workingSetBytes: stats.memoryWorkingSetBytes,
      rssBytes: stats.memoryRssBytes,
      pageFaults: stats.pageFaults,
      majorPageFaults: stats.majorPageFaults,
    },
  }
}

const fileSystem = (usage: MachineUsage, time: string) => ({
  time,
  availableBytes: usage.diskAvailableBytes,
  capacityBytes: usage.diskTotalBytes,
  usedBytes: usage.diskTotalBytes - usage.diskAvailableBytes,
  inodesFree: usage.inodesAvailable,
  inodes: usage.inodesTotal,
  inodesUsed: usage.inodesTotal - usage.inodesAvailable,
})

/** @param onlyCpuAndMemory leaves out what has to be looked for on disk */
export async function statsSummary(context: ApiContext, onlyCpuAndMemory: boolean): Promise<object> {
  const { machine, dataDir, imageDir, nodeName, clock, kubelet, stats: collector } = context
  const [{ host, hostAtMs }, images, { containers, networks, atMs }] = await Promise.all([
    machineUsage(dataDir).then(host => ({ host, hostAtMs: clock.now() })),
    machineUsage(imageDir).catch(() => machineUsage(dataDir)), // the engine's folder may be on another machine
    collector.snapshot(),
  ])
  const time = formatTime(clock.now())
  const hostTime = formatMicroTime(hostAtMs)
  const rate = collector.nanoCores('node', host.cpuNanoseconds, hostAtMs)
  const used = machine.memoryBytes - host.memoryAvailableBytes
  const pods = kubelet.pods.map(async pod => {
    const { metadata, status } = pod
    const mine = containers.filter(reading => reading.pod.metadata.uid === metadata.uid)
    const total = mine.reduce((sum, { stats }) => plus(sum, stats), NONE)
    const network = networks.get(metadata.uid)
    return {
      podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
      startTime: status.startTime,
      containers: mine.map(({ name, id, startedAt, stats }) => ({
        name,
        startTime: startedAt,
        ...usageOf(context, id, stats, atMs),
      })),
      ...usageOf(context, metadata.uid, total, atMs),
      process_stats: { process_count: total.pids },
      ...(network ? { network: { time, name: 'eth0', ...network, interfaces: [{ name: 'eth0', ...network }] } } : {}),
      ...(onlyCpuAndMemory ? {} : await storageOf(context, pod.metadata.uid, time)),
    }
  })
  return {
    node: {
      nodeName,
      startTime: formatTime(context.startedAtMs),
      cpu: {
        time: hostTime,
        ...(rate === undefined ? {} : { usageNanoCores: rate }),
        usageCoreNanoSeconds: host.cpuNanoseconds,
      },
      memory: { time: hostTime, availableBytes: host.memoryAvailableBytes, usageBytes: used, workingSetBytes: used },
      ...(onlyCpuAndMemory ? {} : { fs: fileSystem(host, time), runtime: { imageFs: fileSystem(images, time) } }),
      rlimit: { time, maxpid: host.maxPids, curproc: host.pids },
    },
    pods: await Promise.all(pods),
  }
}

/** emptyDirs, and what the pod fills of the node's own disk. */
async function storageOf({ kubelet, dataDir }: ApiContext, uid: string, time: string): Promise<object> {
  const pod = kubelet.pods.find(({ metadata }) => metadata.uid === uid)
  if (!pod) return {}
  const usage = await kubelet.diskUsage(pod)
  const volumes = (pod.spec.volumes ?? []).map(async ({ name, emptyDir }) => {
    if (!emptyDir) return undefined
    const disk = await statfs(join(podDirOf(dataDir, uid), 'volumes', name)).catch(() => undefined)
    if (!disk) return undefined
    return {
      time,
      name,
      availableBytes: disk.bavail * disk.bsize,
      capacityBytes: disk.blocks * disk.bsize,
      usedBytes: usage.emptyDirs.get(name) ?? usage.inMemory.get(name) ?? 0,
      inodesFree: disk.ffree,
      inodes: disk.files,
    }
  })
  return {
    volume: (await Promise.all(volumes)).filter(found => found !== undefined),
    'ephemeral-storage': { time, usedBytes: totalBytes(usage) },
  }
}
