// hostPorts of pods as rules, kept on disk so that they are there again before the kubelet has looked at its pods.
import type { HostPort } from '../contracts.ts'
import { addressesIn, type Family } from '../network/family.ts'
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
    for (const [podUid, ports] of this.#pods) table.put(ownerOf(podUid), rulesOf(ports, table.family))
  }

  /** Replaces the host ports of a pod; none removes them. @returns whether that changed anything */
  set(podUid: string, podIP: string, ports: readonly HostPort[]): boolean {
    const before = JSON.stringify(this.#pods.get(podUid))
    if (ports.length > 0) this.#pods.set(podUid, { podIP, ports })
    else this.#pods.delete(podUid)
    if (JSON.stringify(this.#pods.get(podUid)) === before) return false
    this.#table.put(ownerOf(podUid), ports.length > 0 ? rulesOf({ podIP, ports }, this.#table.family) : noRules)
    writeStateSync(this.#path, [...this.#pods])
    return true
  }

  /** Removes those of pods that are not among these. */
  retain(podUids: ReadonlySet<string>): void {
    for (const podUid of [...this.#pods.keys()]) if (!podUids.has(podUid)) this.set(podUid, '', [])
  }
}

const ownerOf = (podUid: string): string => `hostports/${podUid}`

function rulesOf({ podIP, ports }: PodPorts, family: Family): Rules {
  const elements: Element[] = [{ set: 'hairpin', key: `${podIP} . ${podIP}`, value: '' }]
  for (const { protocol, hostPort, containerPort, hostIP } of ports) {
    const key = `${protocol.toLowerCase()} . ${hostPort}`
    const value = `${podIP} . ${containerPort}`
    if (!hostIP || hostIP === '0.0.0.0' || hostIP === '::') elements.push({ set: 'hostports', key, value })
    else
      for (const ip of addressesIn(family, [hostIP]))
        elements.push({ set: 'hostports-on', key: `${ip} . ${key}`, value })
  }
  return { chains: new Map(), sets: new Map(), elements }
}
