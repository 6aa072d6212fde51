// The IPv6 half of pod links: what a link needs besides its IPv4. Neighbours are static on both sides, so that nothing
// waits for neighbour discovery or duplicate checks.
//
//   pod netns:  eth0 fd00:10:244:1::5/128, default via fe80::1
//   host:       flo-<hash of uid> fe80::1, route fd00:10:244:1::5/128
import { parseIPv4 } from '../../shared/machinery/ipv4.ts'
import type { Run } from './exec.ts'
import type { NodeIPv6 } from './ipv6.ts'
import { HOST_LINK_ADDRESS, POD_GATEWAY_6, ROUTE_PROTOCOL, podLinkAddress } from './names.ts'
import { asStringRecord, readState, writeStateSync } from './state-file.ts'

export class PodIPv6 {
  readonly #run: Run
  readonly #node: NodeIPv6
  readonly #path: string
  /** Pods that were set up with IPv6, and their addresses; others were there before the cluster had it. */
  readonly #byPod: Map<string, string>

  /** @param path file that keeps the addresses */
  constructor(run: Run, node: NodeIPv6, path: string) {
    this.#run = run
    this.#node = node
    this.#path = path
    this.#byPod = asStringRecord(readState(path))
  }

  get(podUid: string): string | undefined {
    return this.#byPod.get(podUid)
  }

  /** On disk before the address is used. */
  assign(podUid: string, podIP: string): string {
    const ip = this.#node.besides(podIP)
    if (this.#byPod.get(podUid) !== ip) {
      this.#byPod.set(podUid, ip)
      this.#save()
    }
    return ip
  }

  release(podUid: string): void {
    if (this.#byPod.delete(podUid)) this.#save()
  }

  /** Container engines switch IPv6 off in network namespaces that they do not connect themselves. */
  async switchOn(pid: number): Promise<void> {
    const setting = '/proc/sys/net/ipv6/conf/all/disable_ipv6'
    await this.#run(['nsenter', '-t', String(pid), '-n', '--', 'tee', setting], { input: '0' })
  }

  /** @returns lines for `ip -batch` inside the pod, before its link is up and after */
  inside(podIP: string): { before: string[]; after: string[] } {
    return {
      before: [`link set eth0 address ${podLinkAddress(parseIPv4(podIP) ?? 0)}`],
      after: [
        `address add ${this.#node.besides(podIP)}/128 dev eth0 nodad`,
        `neighbour replace ${POD_GATEWAY_6} lladdr ${HOST_LINK_ADDRESS} dev eth0 nud permanent`,
        `route add default via ${POD_GATEWAY_6} dev eth0`,
      ],
    }
  }

  /** @returns lines for `ip -batch` on the host; a link that was down needs all of them again */
  outside(podIP: string, link: string): string[] {
    const ip = this.#node.besides(podIP)
    return [
      `address replace ${POD_GATEWAY_6}/64 dev ${link} nodad`,
      `neighbour replace ${ip} lladdr ${podLinkAddress(parseIPv4(podIP) ?? 0)} dev ${link} nud permanent`,
      `route replace ${ip}/128 dev ${link} src ${this.#node.hostIP} proto ${ROUTE_PROTOCOL}`,
    ]
  }

  #save(): void {
    writeStateSync(this.#path, Object.fromEntries(this.#byPod))
  }
}
