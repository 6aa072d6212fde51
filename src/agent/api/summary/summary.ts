// /stats/summary: what the node and its pods use, as `kubectl get --raw` and autoscalers read it.
// @see https://kubernetes.io/docs/reference/instrumentation/node-metrics/
import type { Pod } from '../../../shared/api/core/v1.ts'
import { formatMicroTime, formatTime } from '../../../shared/machinery/clock.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { type MachineUsage, machineUsage } from '../../kubelet/node/machine.ts'
import { type MachineDetail, machineDetail } from '../../kubelet/node/machine-detail.ts'
import type { ContainerDetail, ContainerStats } from '../../kubelet/runtime/contract.ts'
import { wholeLimitsOf } from '../../kubelet/spec/resources.ts'
import type { ContainerReading, Snapshot } from '../../kubelet/stats/collector.ts'
import type { PodDiskUsage } from '../../kubelet/stats/disk-usage.ts'
import type { ApiContext } from '../contract.ts'
import { fileSystemOf, ownShareOf, podStorage } from './storage.ts'
import { NONE, interfaceOf, ioOf, plus, pressureOf, swapOf, usageOf } from './usage.ts'

/** What a summary is made of, read at one time. */
interface Look {
  readonly host: MachineUsage
  readonly snapshot: Snapshot
  /** By container id; none where only cpu and memory are asked for. */
  readonly details: ReadonlyMap<string, ContainerDetail>
  /** When it was looked, as a timestamp. */
  readonly time: string
}

/** @param onlyCpuAndMemory leaves out what has to be looked for elsewhere */
export async function statsSummary(context: ApiContext, onlyCpuAndMemory: boolean): Promise<object> {
  const { dataDir, clock, kubelet, stats: collector } = context
  const [host, { snapshot, details }] = await Promise.all([
    machineUsage(dataDir, () => clock.now()),
    collector.snapshot().then(async snapshot => ({
      snapshot,
      details: onlyCpuAndMemory ? new Map<string, ContainerDetail>() : await collector.details(snapshot),
    })),
  ])
  const look: Look = { host, snapshot, details, time: formatTime(clock.now()) }
  const [node, ...pods] = await Promise.all([
    nodeSummary(context, look, onlyCpuAndMemory),
    ...kubelet.pods.map(pod => podSummary(context, look, pod, onlyCpuAndMemory)),
  ])
  return { node, pods }
}

async function nodeSummary(context: ApiContext, look: Look, onlyCpuAndMemory: boolean): Promise<object> {
  const { machine, nodeName, stats: collector } = context
  const { host, snapshot, time } = look
  const hostTime = formatMicroTime(host.cpuAtMs)
  const rate = collector.nanoCores('node', host.cpuNanoseconds, host.cpuAtMs)
  const used = machine.memoryBytes - host.memoryAvailableBytes
  const detail = onlyCpuAndMemory ? undefined : await machineDetail()
  return {
    nodeName,
    startTime: formatTime(context.startedAtMs),
    systemContainers: [kubeletUsage(context), podsUsage(context, snapshot)],
    cpu: {
      time: hostTime,
      ...(rate === undefined ? {} : { usageNanoCores: rate }),
      usageCoreNanoSeconds: host.cpuNanoseconds,
      ...pressureOf(detail?.pressures?.cpu),
    },
    memory: {
      time: hostTime,
      availableBytes: host.memoryAvailableBytes,
      usageBytes: used,
      workingSetBytes: used,
      ...(detail
        ? { rssBytes: detail.anonymousBytes, pageFaults: detail.pageFaults, majorPageFaults: detail.majorPageFaults }
        : {}),
      ...pressureOf(detail?.pressures?.memory),
    },
    ...(detail ? await nodeBeyondMemory(context, look, detail) : {}),
    rlimit: { time, maxpid: host.maxPids, curproc: host.pids },
  }
}

async function nodeBeyondMemory(context: ApiContext, { host, time }: Look, detail: MachineDetail): Promise<object> {
  // The engine's folder may be on another machine.
  const images = await machineUsage(context.imageDir).catch(() => host)
  const { defaultInterface, interfaces, swapTotalBytes, swapFreeBytes } = detail
  const main = defaultInterface === undefined ? undefined : interfaces.get(defaultInterface)
  return {
    ...ioOf(time, detail.pressures),
    network: {
      time,
      ...(defaultInterface !== undefined && main ? interfaceOf(defaultInterface, main) : { name: '' }),
      interfaces: [...interfaces].map(([name, reading]) => interfaceOf(name, reading)),
    },
    fs: fileSystemOf(host, time),
    runtime: { imageFs: fileSystemOf(images, time), containerFs: fileSystemOf(images, time) },
    swap: { time, swapAvailableBytes: swapFreeBytes, swapUsageBytes: swapTotalBytes - swapFreeBytes },
  }
}

/** The agent's own process: it is in no cgroup of its own everywhere. */
function kubeletUsage({ stats: collector, clock }: ApiContext): object {
  const atMs = clock.now()
  const { rss } = process.memoryUsage()
  const { userCPUTime, systemCPUTime, minorPageFault, majorPageFault } = process.resourceUsage()
  const stats: ContainerStats = {
    ...NONE,
    cpuNanoseconds: (userCPUTime + systemCPUTime) * 1000,
    memoryUsageBytes: rss,
    memoryWorkingSetBytes: rss,
    memoryRssBytes: rss,
    pageFaults: minorPageFault,
    majorPageFaults: majorPageFault,
  }
  const nanoCores = collector.nanoCores('kubelet', stats.cpuNanoseconds, atMs)
  const startTime = formatTime(atMs - process.uptime() * 1000)
  return { name: 'kubelet', startTime, ...usageOf({ stats, atMs, nanoCores, memoryLimit: 0 }) }
}

/** All pods together, of what they may use together. */
function podsUsage({ stats: collector, machine, startedAtMs }: ApiContext, { containers, atMs }: Snapshot): object {
  const stats = containers.reduce((sum, reading) => plus(sum, reading.stats), NONE)
  // Containers that ended are in it no more.
  const nanoCores = collector.nanoCores('pods', stats.cpuNanoseconds, atMs)
  const usage = usageOf({ stats, atMs, nanoCores, memoryLimit: machine.memoryBytes })
  return { name: 'pods', startTime: formatTime(startedAtMs), ...usage }
}

async function podSummary(context: ApiContext, look: Look, pod: Pod, onlyCpuAndMemory: boolean): Promise<object> {
  const { kubelet, stats: collector } = context
  const { host, snapshot, details, time } = look
  const { metadata, spec, status } = pod
  const { name, namespace, uid } = metadata
  const disk = onlyCpuAndMemory ? undefined : await kubelet.diskUsage(pod)
  const mine = snapshot.containers.filter(reading => reading.pod.metadata.uid === uid)
  const known = mine.map(({ id }) => details.get(id)).filter(detail => detail !== undefined)
  const stats = mine.reduce((sum, reading) => plus(sum, reading.stats), NONE)
  const network = snapshot.networks.get(uid)
  return {
    podRef: { name, namespace, uid },
    startTime: status.startTime,
    containers: mine.map(reading => containerSummary(context, look, reading, disk)),
    ...usageOf({
      stats,
      atMs: snapshot.atMs,
      nanoCores: collector.nanoCores(uid, stats.cpuNanoseconds, snapshot.atMs),
      memoryLimit: wholeLimitsOf(spec).get('memory')?.value() ?? 0,
      ...(disk ? { swapBytes: swapOf(known), pressures: known[0]?.podPressures } : {}),
    }),
    process_stats: { process_count: stats.pids },
    ...(network
      ? { network: { time, ...interfaceOf('eth0', network), interfaces: [interfaceOf('eth0', network)] } }
      : {}),
    ...(disk ? await podStorage(context, pod, { usage: disk, host, time }) : {}),
  }
}

function containerSummary(
  { stats: collector }: ApiContext,
  { host, snapshot: { atMs }, details, time }: Look,
  { pod: { spec }, name, id, startedAt, stats }: ContainerReading,
  disk: PodDiskUsage | undefined,
): object {
  const detail = details.get(id)
  const ofDisk = disk?.containers.get(name)
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  const limit = all.find(container => container.name === name)?.resources?.limits?.memory
  return {
    name,
    startTime: startedAt,
    ...usageOf({
      stats,
      atMs,
      nanoCores: collector.nanoCores(id, stats.cpuNanoseconds, atMs),
      memoryLimit: limit === undefined ? 0 : parseQuantity(limit).value(),
      ...(detail ? { swapBytes: detail.memorySwapBytes, pressures: detail.pressures } : {}),
    }),
    ...(ofDisk
      ? { rootfs: ownShareOf(host, ofDisk.writableLayer, time), logs: ownShareOf(host, ofDisk.logs, time) }
      : {}),
  }
}
