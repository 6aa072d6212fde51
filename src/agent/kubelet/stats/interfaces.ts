// What went through network interfaces, out of the kernel's table of them.
import { readFile } from 'node:fs/promises'

export interface NetworkReading {
  readonly rxBytes: number
  readonly rxPackets: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly txBytes: number
  readonly txPackets: number
  readonly txErrors: number
  readonly txDropped: number
}

/** @param table `/proc/net/dev` @returns by name of the interface @see proc_pid_net(5) */
export function parseInterfaces(table: string): ReadonlyMap<string, NetworkReading> {
  const rows = table.split('\n').flatMap(line => {
    const [, name, fields] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined || fields === undefined) return []
    const numbers = fields.split(/\s+/).map(Number)
    const at = (index: number): number => numbers[index] ?? 0
    const reading: NetworkReading = {
      rxBytes: at(0), rxPackets: at(1), rxErrors: at(2), rxDropped: at(3),
      txBytes: at(8), txPackets: at(9), txErrors: at(10), txDropped: at(11),
    } // prettier-ignore
    return [[name, reading] as const]
  })
  return new Map(rows)
}

/** The pod's own interface, as any of its processes sees it. @returns undefined when the process is gone */
export async function podInterface(pid: number): Promise<NetworkReading | undefined> {
  const table = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => '')
  return parseInterfaces(table).get('eth0')
}

/** @param table `/proc/net/route` @returns the interface that leads everywhere else, if there is one */
export function defaultInterface(table: string): string | undefined {
  const routes = table.split('\n').map(line => line.split(/\s+/))
  return routes.find(([, destination]) => destination === '00000000')?.[0]
}
