// NetworkPolicies as rules of one family's table, for the pods of this node; kept up to date piece by piece.
//
//   forward hook → map egress-isolation / ingress-isolation: pod address → isolation chain
//   isolation chain (one for all pods with the same policies): replies, itself, jump to each policy, else count and drop
//   policy chain: accepts what the policy allows (policy-chain.ts), by sets of pod addresses (pod-sets.ts)
//
// Only forwarded packets pass here: what the node itself sends to its pods or gets from them is always allowed, as the
// documentation has it. Packets in a connection's first direction are judged one by one, so that a change of policy
// also ends connections that are open.
import { createHash } from 'node:crypto'
import { keyOf } from '../../shared/client/object-key.ts'
import type { PolicyPod } from '../../shared/machinery/network-policy/policy-pod.ts'
import {
  type Direction,
  DIRECTIONS,
  directionsOf,
  rulesOf,
  selects,
  subjectsOf,
} from '../../shared/machinery/network-policy/policy-rules.ts'
import { addressesIn } from '../network/family.ts'
import { type Element, noRules } from '../proxy/rules.ts'
import type { RuleTable } from '../proxy/table.ts'
import { PodSets } from './pod-sets.ts'
import { chainRules } from './policy-chain.ts'
import type { PolicyView } from './policy-view.ts'

export interface PolicyRulesOptions {
  readonly view: PolicyView
  readonly table: RuleTable
  /** @returns the address of the family that this node gave the pod, long before its status tells; undefined for other nodes' pods */
  readonly localIP: (podUid: string) => string | undefined
  /** Called when the table changed. */
  readonly changed: () => void
}

export class PolicyRules implements Disposable {
  readonly #options: PolicyRulesOptions
  readonly #sets: PodSets
  /** Policy → sets that its chains use. */
  readonly #used = new Map<string, readonly string[]>()
  /** Isolation chain → pods that use it. */
  readonly #isolations = new Map<string, Set<string>>()
  /** Uid of a pod of this node → its isolation chains. Kept until its address is taken back: it may outlive its object. */
  readonly #isolated = new Map<string, { readonly pod: PolicyPod; readonly chains: readonly string[] }>()
  readonly #forget: () => void

  constructor(options: PolicyRulesOptions) {
    this.#options = options
    const { view, table, localIP, changed } = options
    const ipsOf = (pod: PolicyPod) => {
      const local = localIP(pod.uid)
      return addressesIn(table.family, local === undefined ? pod.ips : [local])
    }
    this.#sets = new PodSets({ table, pods: view.pods, namespaces: view.namespaces, ipsOf })
    for (const key of view.policies.keys()) this.#updatePolicy(key)
    for (const pod of view.pods.values()) this.#isolate(pod)
    this.#forget = view.on({
      policy: key => {
        this.#updatePolicy(key)
        for (const pod of [...view.pods.values(), ...this.#outliving()]) this.#isolate(pod)
        changed()
      },
      pod: key => {
        this.#updatePod(key)
        changed()
      },
      namespace: name => {
        for (const [key, pod] of view.pods) if (pod.namespace === name) this.#sets.update(key)
        changed()
      },
    })
  }

  [Symbol.dispose](): void {
    this.#forget()
  }

  /** This node gave the pod an address, or took it back. */
  addressChanged(podUid: string): void {
    for (const [key, { uid }] of this.#options.view.pods) if (uid === podUid) this.#updatePod(key)
    const isolated = this.#isolated.get(podUid)
    if (isolated) this.#isolate(isolated.pod)
  }

  #updatePod(key: string): void {
    this.#sets.update(key)
    const pod = this.#options.view.pods.get(key)
    if (pod) this.#isolate(pod)
  }

  /** Pods whose objects are gone, but which still have their addresses. */
  #outliving(): PolicyPod[] {
    const { view } = this.#options
    return [...this.#isolated.values()].flatMap(({ pod }) => (view.pods.get(keyOf(pod))?.uid === pod.uid ? [] : [pod]))
  }

  #updatePolicy(key: string): void {
    const { view, table } = this.#options
    const policy = view.policies.get(key)
    const before = this.#used.get(key) ?? []
    const used: string[] = []
    const chains = new Map<string, readonly string[]>()
    if (policy) {
      const subjects = subjectsOf(policy)
      for (const direction of directionsOf(policy))
        chains.set(
          policyChain(direction, key),
          chainRules(rulesOf(policy, direction), {
            family: table.family,
            direction,
            subjects,
            setOf: (selection, port) => {
              const name = this.#sets.use(selection, port)
              used.push(name)
              return name
            },
          }),
        )
    }
    table.put(`policy/${key}`, chains.size > 0 ? { ...noRules, chains } : noRules)
    if (used.length > 0) this.#used.set(key, used)
    else this.#used.delete(key)
    for (const name of before) this.#sets.release(name)
  }

  /** Sends the traffic of a pod of this node through the policies that select it. */
  #isolate(pod: PolicyPod): void {
    const { table, localIP } = this.#options
    const ip = localIP(pod.uid)
    const elements: Element[] = []
    const chains: string[] = []
    for (const direction of ip === undefined ? [] : DIRECTIONS) {
      const policies = this.#policiesOf(pod, direction)
      if (policies.length === 0 || ip === undefined) continue
      const chain = isolationChain(direction, policies)
      this.#useIsolation(chain, direction, policies, pod.uid)
      chains.push(chain)
      elements.push({ set: `${direction.toLowerCase()}-isolation`, key: ip, value: `goto ${chain}` })
    }
    // A pod that reaches itself through a Service does not pass its own policies.
    if (ip !== undefined && elements.length > 0) elements.push({ set: 'hairpin', key: `${ip} . ${ip}`, value: '' })
    table.put(`isolation-of/${pod.uid}`, elements.length > 0 ? { ...noRules, elements } : noRules)
    const before = this.#isolated.get(pod.uid)?.chains ?? []
    if (chains.length > 0) this.#isolated.set(pod.uid, { pod, chains })
    else this.#isolated.delete(pod.uid)
    for (const chain of before) if (!chains.includes(chain)) this.#releaseIsolation(chain, pod.uid)
  }

  #policiesOf(pod: PolicyPod, direction: Direction): string[] {
    const keys: string[] = []
    for (const policy of this.#options.view.policies.values())
      if (directionsOf(policy).includes(direction) && selects(subjectsOf(policy), pod, undefined))
        keys.push(keyOf(policy.metadata))
    return keys.sort()
  }

  #useIsolation(chain: string, direction: Direction, policies: readonly string[], podUid: string): void {
    const users = this.#isolations.get(chain)
    if (users) return void users.add(podUid)
    this.#isolations.set(chain, new Set([podUid]))
    const { ip } = this.#options.table.family
    const rules = [
      'ct direction reply accept',
      'ct state related accept',
      `${ip} saddr . ${ip} daddr @hairpin accept`,
      ...policies.map(key => `jump ${policyChain(direction, key)}`),
      `meta l4proto { tcp, udp, sctp } update @denied { ${ip} saddr . ${ip} daddr . meta l4proto . th dport }`,
      'drop',
    ]
    this.#options.table.put(`isolation/${chain}`, { ...noRules, chains: new Map([[chain, rules]]) })
  }

  #releaseIsolation(chain: string, podUid: string): void {
    const users = this.#isolations.get(chain)
    users?.delete(podUid)
    if (users?.size !== 0) return
    this.#isolations.delete(chain)
    this.#options.table.put(`isolation/${chain}`, noRules)
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** The key is there for people, the hash tells chains apart; nft allows 127 characters, and no dots. */
const policyChain = (direction: Direction, key: string): string =>
  `${direction.toLowerCase()}-${hash(key)}-${key.replace(/[^A-Za-z0-9/-]/g, '-')}`.slice(0, 120)

const isolationChain = (direction: Direction, policies: readonly string[]): string =>
  `isolated-${direction.toLowerCase()}-${hash(policies.join())}`
