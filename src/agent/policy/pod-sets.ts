// Sets of the table that hold the addresses of selected pods, or their addresses with the number that a port name has
// there. Equal selections of several policies share one set.
import { createHash } from 'node:crypto'
import type { PolicyPod } from '../../shared/machinery/network-policy/policy-pod.ts'
import { type PodSelection, selects } from '../../shared/machinery/network-policy/policy-rules.ts'
import type { Labels } from '../../shared/machinery/selectors.ts'
import { noRules } from '../proxy/rules.ts'
import type { RuleTable } from '../proxy/table.ts'

/** A container port's name, which every pod may give another number. */
export interface PortName {
  readonly name: string
  readonly protocol: string
}

export interface PodSetsOptions {
  readonly table: RuleTable
  readonly pods: ReadonlyMap<string, PolicyPod>
  readonly namespaces: ReadonlyMap<string, Labels>
  readonly ipsOf: (pod: PolicyPod) => readonly string[]
}

interface PodSet {
  readonly name: string
  readonly selection: PodSelection
  readonly port: PortName | undefined
  /** Pod → its elements. */
  readonly members: Map<string, readonly string[]>
  users: number
}

export class PodSets {
  readonly #options: PodSetsOptions
  readonly #sets = new Map<string, PodSet>()

  constructor(options: PodSetsOptions) {
    this.#options = options
  }

  /** @returns the name of the set, which stays until it was let go as often as it was asked for */
  use(selection: PodSelection, port?: PortName): string {
    const name = nameOf(selection, port)
    const known = this.#sets.get(name)
    if (known) {
      known.users++
      return name
    }
    const set: PodSet = { name, selection, port, members: new Map(), users: 1 }
    this.#sets.set(name, set)
    for (const key of this.#options.pods.keys()) this.#place(set, key)
    this.#show(set)
    return name
  }

  release(name: string): void {
    const set = this.#sets.get(name)
    if (!set || --set.users > 0) return
    this.#sets.delete(name)
    this.#options.table.put(ownerOf(set), noRules)
  }

  /** The pod came, went or changed, or its namespace's labels did. */
  update(podKey: string): void {
    for (const set of this.#sets.values()) if (this.#place(set, podKey)) this.#show(set)
  }

  /** @returns whether that changed the set */
  #place({ selection, port, members }: PodSet, key: string): boolean {
    const { pods, namespaces, ipsOf } = this.#options
    const pod = pods.get(key)
    const isMember = pod !== undefined && selects(selection, pod, namespaces.get(pod.namespace))
    const elements = isMember ? elementsOf(pod, ipsOf(pod), port) : []
    const before = members.get(key) ?? []
    if (elements.join() === before.join()) return false
    if (elements.length > 0) members.set(key, elements)
    else members.delete(key)
    return true
  }

  #show(set: PodSet): void {
    const elements = [...set.members.values()].flat().map(key => ({ set: set.name, key, value: '' }))
    const { table } = this.#options
    const { addressType } = table.family
    const type = set.port ? `${addressType} . inet_proto . inet_service` : addressType
    table.put(ownerOf(set), {
      chains: new Map(),
      sets: new Map([[set.name, `type ${type};`]]),
      elements,
    })
  }
}

const ownerOf = ({ name }: PodSet): string => `pods/${name}`

function elementsOf(pod: PolicyPod, ips: readonly string[], port: PortName | undefined): string[] {
  if (!port) return [...ips]
  const numbers = pod.ports.filter(({ name, protocol }) => name === port.name && protocol === port.protocol)
  return ips.flatMap(ip => numbers.map(number => `${ip} . ${port.protocol.toLowerCase()} . ${number.port}`))
}

function nameOf({ namespace, namespaces, pods }: PodSelection, port: PortName | undefined): string {
  const identity = [namespace, namespaces?.format(), namespaces?.nothing, pods.format(), pods.nothing, port]
  return `pods-${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)}`
}
