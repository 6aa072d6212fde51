// What else the kernel counts of a process's cgroup: for those who look closely. What is asked all the time is in
// `cgroup-stats.ts`.
import { readFile, readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CGROUP_ROOT, ownCgroupsOf } from './cgroup-paths.ts'
import { type ContainerDetail, type DiskTraffic, RuntimeError } from './contract.ts'
import { cgroupPressures } from './pressure.ts'

const NANOSECONDS_PER_TICK = 1e9 / 100

/** The name of a pod's own cgroup, which the engine's containers are in. */
const IS_OF_POD = /^(flotilla-)?pod/

/** `''` for a file that is not there: its controller may be off. */
const reader = (folder: string) => (file: string) => readFile(join(folder, file), 'utf8').catch(() => '')

const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)

/** @param container with a process of it @throws RuntimeError when it is gone, or nobody counts what it uses */
export async function cgroupDetail(container: { id: string; pid: number }): Promise<ContainerDetail> {
  try {
    return await detailOf(await ownCgroupsOf(container), CGROUP_ROOT)
  } catch (error) {
    throw new RuntimeError('not-found', `no usage of container ${container.id}: ${(error as Error).message}`)
  }
}

/** @param paths by controller; that of cgroup v2 under '' */
export function detailOf(paths: ReadonlyMap<string, string>, root: string): Promise<ContainerDetail> {
  const memory = paths.get('memory')
  if (memory === undefined) return unified(join(root, paths.get('') ?? '/'))
  const folder = (controller: string) => join(root, controller, paths.get(controller) ?? memory)
  return legacy(folder)
}

/** @see https://docs.kernel.org/admin-guide/cgroup-v2.html */
async function unified(folder: string): Promise<ContainerDetail> {
  const read = reader(folder)
  const [cpu = '', memory = '', swap = '', events = '', io = ''] = await Promise.all(
    ['cpu.stat', 'memory.stat', 'memory.swap.current', 'memory.events', 'io.stat'].map(read),
  )
  const parent = dirname(folder)
  const [pressures, podPressures] = await Promise.all([
    cgroupPressures(folder),
    IS_OF_POD.test(basename(parent)) ? cgroupPressures(parent) : undefined,
  ])
  return {
    cpuUserNanoseconds: field(cpu, 'user_usec') * 1000,
    cpuSystemNanoseconds: field(cpu, 'system_usec') * 1000,
    cpuPeriods: field(cpu, 'nr_periods'),
    cpuThrottledPeriods: field(cpu, 'nr_throttled'),
    cpuThrottledNanoseconds: field(cpu, 'throttled_usec') * 1000,
    memoryCacheBytes: field(memory, 'file'),
    memoryMappedBytes: field(memory, 'file_mapped'),
    memorySwapBytes: Number(swap.trim()) || 0,
    memoryLimitHits: field(events, 'max'),
    disks: await Promise.all(
      io
        .split('\n')
        .filter(line => line.includes('='))
        .map(async line => {
          const value = (name: string) => Number(new RegExp(` ${name}=(\\d+)`).exec(line)?.[1] ?? 0)
          return {
            device: await deviceName(line.split(' ')[0] ?? ''),
            reads: value('rios'),
            readBytes: value('rbytes'),
            writes: value('wios'),
            writtenBytes: value('wbytes'),
          }
        }),
    ),
    ...(pressures ? { pressures } : {}),
    ...(podPressures ? { podPressures } : {}),
  }
}

/** @see https://docs.kernel.org/admin-guide/cgroup-v1/ */
async function legacy(folder: (controller: string) => string): Promise<ContainerDetail> {
  const [quota, times, memory, hits, bytes, operations] = await Promise.all([
    reader(folder('cpu'))('cpu.stat'),
    reader(folder('cpuacct'))('cpuacct.stat'),
    reader(folder('memory'))('memory.stat'),
    reader(folder('memory'))('memory.failcnt'),
    reader(folder('blkio'))('blkio.throttle.io_service_bytes_recursive'),
    reader(folder('blkio'))('blkio.throttle.io_serviced_recursive'),
  ])
  return {
    cpuUserNanoseconds: field(times, 'user') * NANOSECONDS_PER_TICK,
    cpuSystemNanoseconds: field(times, 'system') * NANOSECONDS_PER_TICK,
    cpuPeriods: field(quota, 'nr_periods'),
    cpuThrottledPeriods: field(quota, 'nr_throttled'),
    cpuThrottledNanoseconds: field(quota, 'throttled_time'),
    memoryCacheBytes: field(memory, 'total_cache'),
    memoryMappedBytes: field(memory, 'total_mapped_file'),
    memorySwapBytes: field(memory, 'total_swap'),
    memoryLimitHits: Number(hits.trim()) || 0,
    disks: await legacyDisks(bytes, operations),
  }
}

/** @param bytes lines of `8:0 Read 4096`, as are those of `operations` */
function legacyDisks(bytes: string, operations: string): Promise<DiskTraffic[]> {
  const numbers = new Set([...bytes.matchAll(/^(\d+:\d+) /gm)].map(([, number = '']) => number))
  return Promise.all(
    [...numbers].map(async number => ({
      device: await deviceName(number),
      reads: field(operations, `${number} Read`),
      readBytes: field(bytes, `${number} Read`),
      writes: field(operations, `${number} Write`),
      writtenBytes: field(bytes, `${number} Write`),
    })),
  )
}

/** @param number `8:0` @returns `/dev/sda`, or the number of a device that has no name here */
const deviceName = (number: string): Promise<string> =>
  readlink(`/sys/dev/block/${number}`).then(
    target => `/dev/${basename(target)}`,
    () => number,
  )
