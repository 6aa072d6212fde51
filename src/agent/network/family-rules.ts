// All rules of one address family: Services, host ports and network policies in that family's table.
import { Owned } from '../../shared/machinery/owned.ts'
import type { HostPort } from '../contracts.ts'
import { PolicyRules } from '../policy/policy-rules.ts'
import type { PolicyView } from '../policy/policy-view.ts'
import { baseRules } from '../proxy/base-rules.ts'
import { deleteFlows, type StaleFlow } from '../proxy/conntrack.ts'
import { HostPorts } from '../proxy/host-ports.ts'
import type { TrafficPolicy } from '../proxy/metrics.ts'
import { Proxier } from '../proxy/proxier.ts'
import { RuleTable } from '../proxy/table.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Run } from './exec.ts'
import { type Family, firstIn } from './family.ts'

export interface FamilyRulesOptions {
  readonly run: Run
  readonly family: Family
  readonly nodeName: string
  readonly clusterCIDR: string
  readonly serviceCIDR: string
  readonly podCIDR: string
  readonly hostIP: string
  /** Service addresses that the node answers by itself. */
  readonly ownAddresses: readonly string[]
  /** @returns addresses of nodes that know the way back to pods */
  readonly direct: () => readonly string[]
  readonly nodePortAddresses?: readonly string[] | undefined
  /** Packets between pods of different nodes are dropped unless they are encrypted. */
  readonly isEncrypted: boolean
  readonly view: ClusterView
  readonly policyView: PolicyView
  /** File that keeps the host ports. */
  readonly hostPortsPath: string
  /** @returns the addresses that this node gave the pod */
  readonly localIPs: (podUid: string) => readonly string[]
  /** Called when the table changed. */
  readonly changed: () => void
}

export class FamilyRules implements AsyncDisposable {
  readonly table: RuleTable
  readonly #options: FamilyRulesOptions
  readonly #owned = new Owned()
  readonly #hostPorts: HostPorts
  readonly #proxier: Proxier
  readonly #policies: PolicyRules
  #stale: StaleFlow[] = []

  constructor(options: FamilyRulesOptions) {
    this.#options = options
    const { family, hostPortsPath, view, policyView, clusterCIDR, nodeName, ownAddresses, changed } = options
    const table = (this.table = new RuleTable(family))
    this.#hostPorts = new HostPorts(hostPortsPath, table)
    this.#proxier = this.#owned.use(
      new Proxier({
        view,
        table,
        family,
        clusterCIDR,
        nodeName,
        ownAddresses: new Set(ownAddresses),
        changed,
        stale: flows => this.#stale.push(...flows),
      }),
    )
    const localIP = (podUid: string) => firstIn(family, options.localIPs(podUid))
    this.#policies = this.#owned.use(new PolicyRules({ view: policyView, table, localIP, changed }))
  }

  /** How many Services have ports here. */
  get services(): number {
    return this.#proxier.ports.size
  }

  withoutLocalEndpoints(policy: TrafficPolicy): number {
    return this.#proxier.withoutLocalEndpoints(policy)
  }

  /** @returns the script that replaces the table by its fixed part */
  base(): string {
    return baseRules({ ...this.#options, direct: this.#options.direct() })
  }

  /** The kernel has what the table says: flows that the rules no longer lead are ended. */
  applied(): void {
    const flows = this.#stale
    this.#stale = []
    void deleteFlows(this.#options.run, this.#options.family, flows)
  }

  /** Replaces the host ports of a pod; none removes them. @returns whether that changed anything */
  setHostPorts(podUid: string, podIPs: readonly string[], ports: readonly HostPort[]): boolean {
    const ip = firstIn(this.#options.family, podIPs)
    return this.#hostPorts.set(podUid, ip ?? '', ip === undefined ? [] : ports)
  }

  retainHostPorts(podUids: ReadonlySet<string>): void {
    this.#hostPorts.retain(podUids)
  }

  /** This node gave the pod its addresses, or took them back. */
  addressChanged(podUid: string): void {
    this.#policies.addressChanged(podUid)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned[Symbol.asyncDispose]()
  }
}
