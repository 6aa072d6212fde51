// What else the kernel counts of the machine as a whole: for those who look closely.
import { readFile } from 'node:fs/promises'
import { POD_LINK_PREFIX, SERVICE_LINK } from '../../../shared/machinery/node-network.ts'
import { type Pressures, machinePressures } from '../runtime/pressure.ts'
import { type NetworkReading, defaultInterface, parseInterfaces } from '../stats/interfaces.ts'

export interface MachineDetail {
  /** Memory that belongs to no file. */
  readonly anonymousBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  readonly swapTotalBytes: number
  readonly swapFreeBytes: number
  /** The interface by which most is reached; undefined without a default route. */
  readonly defaultInterface: string | undefined
  /** The machine's own: neither the loopback nor those of pods and of the engine. */
  readonly interfaces: ReadonlyMap<string, NetworkReading>
  readonly pressures: Pressures | undefined
}

/** Of the machine itself, of the engine's networks. */
const LOCAL = ['lo', 'docker', 'br-', 'veth', SERVICE_LINK, POD_LINK_PREFIX]

export async function machineDetail(): Promise<MachineDetail> {
  const [meminfo = '', vmstat = '', devices = '', routes = ''] = await Promise.all(
    ['/proc/meminfo', '/proc/vmstat', '/proc/net/dev', '/proc/net/route'].map(path =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  )
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024
  const counter = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(vmstat)?.[1] ?? 0)
  return {
    anonymousBytes: kibibytes('AnonPages'),
    pageFaults: counter('pgfault'),
    majorPageFaults: counter('pgmajfault'),
    swapTotalBytes: kibibytes('SwapTotal'),
    swapFreeBytes: kibibytes('SwapFree'),
    defaultInterface: defaultInterface(routes),
    interfaces: new Map(
      [...parseInterfaces(devices)].filter(([name]) => !LOCAL.some(prefix => name.startsWith(prefix))),
    ),
    pressures: await machinePressures(),
  }
}
