// hostPorts of pods as rules, kept on disk so that they are there again before the kubelet has looked at its pods.
import type { HostPort } from '../contracts.ts'
import { isIPv4 } from '../../shared/machinery/ipv4.ts'
import { readState, writeStateSync } from '../network/state-file.ts'
import { type Element, noRules, type Rules } from './rules.ts'
import type { RuleTable } from './table.ts'

interface PodPorts {
  readonly podIP: string
  readonly ports: readonly HostPort[]
}

export class HostPorts {
  readonly #path: string
  readonly #table: RuleTable
  readonly #pods: Map<string, PodPorts>

  constructor(path: string, table: RuleTable) {
    this.#path = path
    this.#table = table
    const saved = readState(path)
    // The file is our own and written whole.
    this.#pods = new Map(Array.isArray(saved) ? (saved as [string, PodPorts][]) : [])
    for (const [podUid, ports] of this.#pods) table.put(ownerOf(podUid), rulesOf(ports))
  }

  /** Replaces the host ports of a pod; none removes them. @returns whether that changed anything */
  set(podUid: string, podIP: string, ports: readonly HostPort[]): boolean {
    const before = JSON.stringify(this.#pods.get(podUid))
    if (ports.length > 0) this.#pods.set(podUid, { podIP, ports })
    else this.#pods.delete(podUid)
    if (JSON.stringify(this.#pods.get(podUid)) === before) return false
    this.#table.put(ownerOf(podUid), ports.length > 0 ? rulesOf({ podIP, ports }) : noRules)
    writeStateSync(this.#path, [...this.#pods])
    return true
  }

  /** Removes those of pods that are not among these. */
  retain(podUids: ReadonlySet<string>): void {
    for (const podUid of [...this.#pods.keys()]) if (!podUids.has(podUid)) this.set(podUid, '', [])
  }
}

const ownerOf = (podUid: string): string => `hostports/${podUid}`

function rulesOf({ podIP, ports }: PodPorts): Rules {
  const elements: Element[] = [{ set: 'hairpin', key: `${podIP} . ${podIP}`, value: '' }]
  for (const { protocol, hostPort, containerPort, hostIP } of ports) {
    const key = `${protocol.toLowerCase()} . ${hostPort}`
    const value = `${podIP} . ${containerPort}`
    if (!hostIP || hostIP === '0.0.0.0') elements.push({ set: 'hostports', key, value })
    else if (isIPv4(hostIP)) elements.push({ set: 'hostports-on', key: `${hostIP} . ${key}`, value })
  }
  return { chains: new Map(), sets: new Map(), elements }
}
