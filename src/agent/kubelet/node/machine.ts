// Facts about the machine, out of /proc, /sys and /etc.
import { existsSync, readFileSync } from 'node:fs'
import { readFile, statfs } from 'node:fs/promises'
import { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os'
import { formatIP } from '../../../shared/machinery/ip-address.ts'
import { machineHugePages } from './huge-pages.ts'

export interface MachineFacts {
  readonly architecture: 'amd64' | 'arm64'
  readonly cpus: number
  readonly memoryBytes: number
  /** Bytes set aside, by resource name; the rest of the machine cannot use them. */
  readonly hugePages: Readonly<Record<string, number>>
  readonly bootID: string
  readonly machineID: string
  readonly systemUUID: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly hostname: string
  readonly appArmor: boolean
}

const read = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    text => text.trim(),
    () => '',
  )

const field = (text: string, name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? ''

const MACHINE_ID_FILE = '/etc/machine-id'
export const machineID = (): Promise<string> => read(MACHINE_ID_FILE)

export async function machineFacts(): Promise<MachineFacts> {
  const [bootID, id, systemUUID, osRelease, appArmor] = await Promise.all(
    [
      '/proc/sys/kernel/random/boot_id',
      MACHINE_ID_FILE,
      '/sys/class/dmi/id/product_uuid',
      '/etc/os-release',
      '/sys/module/apparmor/parameters/enabled',
    ].map(read),
  )
  return {
    architecture: arch() === 'arm64' ? 'arm64' : 'amd64',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    hugePages: await machineHugePages(),
    bootID: bootID ?? '',
    machineID: id ?? '',
    systemUUID: systemUUID || id || '',
    kernelVersion: release(),
    osImage: field(osRelease ?? '', 'PRETTY_NAME') || 'Linux',
    hostname: hostname(),
    appArmor: appArmor === 'Y',
  }
}

/** @returns an IPv6 address of the interface that has this address, by which other machines reach it */
export function guessNodeIPv6(nodeIP: string): string | undefined {
  const interfaces = Object.entries(networkInterfaces())
  const link = interfaces.find(([, all]) => all?.some(({ address }) => address === nodeIP))?.[0]
  return existsSync(IPV6_ADDRESSES) ? lastingIPv6(readFileSync(IPV6_ADDRESSES, 'utf8'), link)[0] : undefined
}

const IPV6_ADDRESSES = '/proc/net/if_inet6'
const GLOBAL_SCOPE = '00'
/** IFA_F_TEMPORARY (made for a client's privacy), IFA_F_DADFAILED (another machine has it), IFA_F_DEPRECATED. */
const PASSING = 0x01 | 0x08 | 0x20

/** @returns the addresses of the interface that it is going to keep, out of the kernel's table of all */
export function lastingIPv6(table: string, link: string | undefined): string[] {
  return table.split('\n').flatMap(line => {
    const [digits = '', , , scope, flags = '', name] = line.trim().split(/\s+/)
    if (digits === '' || name !== link || scope !== GLOBAL_SCOPE || (parseInt(flags, 16) & PASSING) !== 0) return []
    return [formatIP({ family: 'IPv6', value: BigInt(`0x${digits}`) })]
  })
}

export interface MachineUsage {
  readonly memoryAvailableBytes: number
  readonly diskAvailableBytes: number
  readonly diskTotalBytes: number
  readonly inodesAvailable: number
  readonly inodesTotal: number
  readonly pids: number
  readonly maxPids: number
  readonly cpuNanoseconds: number
  /** When that was read: on a busy machine the rest is there much later, and a rate would come out as more than there is. */
  readonly cpuAtMs: number
}

const TICKS_PER_SECOND = 100

/** @param now milliseconds since the epoch */
export async function machineUsage(diskPath: string, now: () => number = Date.now): Promise<MachineUsage> {
  const stat = readFileSync('/proc/stat', 'utf8')
  const cpuAtMs = now()
  const [meminfo = '', loadavg = '', pidMax = ''] = await Promise.all(
    ['/proc/meminfo', '/proc/loadavg', '/proc/sys/kernel/pid_max'].map(read),
  )
  const disk = await statfs(diskPath)
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .map(Number)
  return {
    memoryAvailableBytes: Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024,
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskTotalBytes: disk.blocks * disk.bsize,
    inodesAvailable: disk.ffree,
    inodesTotal: disk.files,
    pids: Number(loadavg.split(/[\s/]/)[4] ?? 0),
    maxPids: Number(pidMax) || 32_768,
    cpuNanoseconds: ((user + nice + system + irq + softirq) / TICKS_PER_SECOND) * 1e9,
    cpuAtMs,
  }
}
