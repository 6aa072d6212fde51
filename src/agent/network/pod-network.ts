// Pod links: each pod a routed /32 (and, in pod-ipv6.ts, /128) behind a veth of its own. No bridge, so that traffic
// between pods of one node passes the host's routing like any other traffic, whatever bridge-nf-call-iptables says.
//
//   pod netns:  eth0 10.244.0.5/32, default via 169.254.1.1 (static neighbour ee:ee:ee:ee:ee:ee)
//   host:       flo-<hash of uid>, route 10.244.0.5/32
import type { PodAddresses, PodNetwork, PodSandbox } from '../contracts.ts'
import type { AddressPool } from './address-pool.ts'
import { type Run, ToolError } from './exec.ts'
import { IPV6 } from './family.ts'
import { InOrder } from '../in-order.ts'
import { type Link, ipBatch, listLinks, listRoutes } from './ip.ts'
import type { PodIPv6 } from './pod-ipv6.ts'
import { POD_LINK_PREFIX } from '../../shared/machinery/node-network.ts'
import { HOST_LINK_ADDRESS, POD_GATEWAY, ROUTE_PROTOCOL, podLinkName } from './names.ts'
import { SharedBatch } from './shared-batch.ts'

export interface PodNetworkOptions {
  readonly run: Run
  readonly addresses: AddressPool
  /** Of the interface inside the pod, in bytes. */
  readonly mtu: number
  /** Source address of connections that the host opens to its pods. */
  readonly hostIP: string
  /** Undefined = pods have IPv4 only. */
  readonly ipv6?: PodIPv6 | undefined
}

export class RoutedPodNetwork implements PodNetwork {
  readonly problem = undefined
  readonly #options: PodNetworkOptions
  readonly #order = new InOrder()
  readonly #additions: SharedBatch
  /** Apart: the kernel takes its time over removals. */
  readonly #removals: SharedBatch

  constructor(options: PodNetworkOptions) {
    this.#options = options
    this.#additions = new SharedBatch(options.run)
    this.#removals = new SharedBatch(options.run)
  }

  setUp({ uid: podUid, pid }: PodSandbox): Promise<PodAddresses> {
    return this.#order.run(podUid, async () => {
      const isNew = this.#options.addresses.get(podUid) === undefined
      const ip = await this.#allocate(podUid)
      this.#options.ipv6?.assign(podUid, ip)
      if (isNew || !(await this.#isSetUp(podUid, pid, ip))) await this.#connect(podUid, pid, ip, isNew)
      return { ips: this.#ipsOf(podUid, ip) }
    })
  }

  tearDown(podUid: string): Promise<void> {
    return this.#order.run(podUid, async () => {
      await this.#removeLink(podLinkName(podUid))
      this.#release(podUid)
      await this.#options.addresses.saved()
    })
  }

  /** Whether a pod has this link now, and nothing is being done to it. */
  isStanding(link: string): boolean {
    return this.#options.addresses.pods().some(uid => podLinkName(uid) === link && !this.#order.has(uid))
  }

  #release(podUid: string): void {
    this.#options.addresses.release(podUid)
    this.#options.ipv6?.release(podUid)
  }

  addressesOf(podUid: string): PodAddresses | undefined {
    const ip = this.#options.addresses.get(podUid)
    return ip === undefined ? undefined : { ips: this.#ipsOf(podUid, ip) }
  }

  #ipsOf(podUid: string, ip: string): string[] {
    return [ip, ...[this.#options.ipv6?.get(podUid) ?? []].flat()]
  }

  async retain(podUids: ReadonlySet<string>): Promise<void> {
    const stale = this.#options.addresses.pods().filter(uid => !podUids.has(uid) && !this.#order.has(uid))
    await Promise.all(stale.map(uid => this.tearDown(uid)))
  }

  /** Reads back what the host knows: pods whose link carries an address that the file lost. */
  async adopt(): Promise<void> {
    const { run, addresses } = this.#options
    const [links, routes] = await Promise.all([listLinks(run), listRoutes(run, ['proto', ROUTE_PROTOCOL])])
    const podOf = new Map(links.filter(isPodLink).map(link => [link.ifname, link.ifalias]))
    const adopted = routes.filter(({ dst, dev = '' }) => {
      const podUid = podOf.get(dev)
      return podUid && addresses.adopt(podUid, dst)
    })
    if (adopted.length > 0) await addresses.saved()
  }

  /** Puts back routes that were lost with the link's state (network managers that take links down and up). */
  async repair(): Promise<void> {
    const { run, addresses, ipv6 } = this.#options
    const ours = ['proto', ROUTE_PROTOCOL]
    const [links, routes, routes6] = await Promise.all([
      listLinks(run),
      listRoutes(run, ours),
      ipv6 ? listRoutes(run, ours, IPV6) : [],
    ])
    const names = new Set(links.map(link => link.ifname))
    const routed = new Set([...routes, ...routes6].map(({ dst, dev = '' }) => `${dst} ${dev}`))
    const lost = addresses.pods().flatMap(podUid => {
      const name = podLinkName(podUid)
      const ip = addresses.get(podUid)
      const isBeingSetUp = this.#order.has(podUid)
      if (!ip || !names.has(name) || isBeingSetUp) return []
      return this.#ipsOf(podUid, ip).every(each => routed.has(`${each} ${name}`)) ? [] : [{ podUid, name, ip }]
    })
    await ipBatch(
      run,
      lost.flatMap(({ podUid, name, ip }) => [`link set ${name} up`, ...this.#outside(podUid, ip, name)]),
    )
  }

  /** The routes come last, so that a link with a route is a link that is complete. */
  #outside(podUid: string, ip: string, link: string): string[] {
    const { ipv6 } = this.#options
    return [...(ipv6?.get(podUid) ? ipv6.outside(ip, link) : []), this.#route(ip, link)]
  }

  #route(ip: string, link: string): string {
    return `route replace ${ip}/32 dev ${link} scope link src ${this.#options.hostIP} proto ${ROUTE_PROTOCOL}`
  }

  /** When the range is full, addresses of pods that ended while no agent was there to see it are taken back. */
  async #allocate(podUid: string): Promise<string> {
    const { run, addresses } = this.#options
    const known = addresses.get(podUid)
    if (known !== undefined) return known
    if (addresses.isFull) {
      const names = new Set((await listLinks(run)).map(link => link.ifname))
      for (const other of addresses.pods())
        if (!names.has(podLinkName(other)) && !this.#order.has(other)) this.#release(other)
    }
    const ip = addresses.allocate(podUid)
    try {
      await addresses.saved()
    } catch (error) {
      addresses.release(podUid)
      throw error
    }
    return ip
  }

  async #isSetUp(podUid: string, pid: number, ip: string): Promise<boolean> {
    const { run } = this.#options
    const name = podLinkName(podUid)
    try {
      const [host, pod, routes] = await Promise.all([
        run(['ip', '-j', 'link', 'show', 'dev', name]),
        run(['nsenter', '-t', String(pid), '-n', '--', 'ip', '-j', 'address', 'show', 'dev', 'eth0']),
        run(['ip', '-j', '-4', 'route', 'show', ip, 'dev', name]),
      ])
      const [hostLink] = JSON.parse(host) as { ifindex: number; link_index?: number }[]
      const [podLink] = JSON.parse(pod) as { ifindex: number; link_index?: number; addr_info: { local: string }[] }[]
      const arePeers = hostLink?.link_index === podLink?.ifindex && podLink?.link_index === hostLink?.ifindex
      const inside = new Set(podLink?.addr_info.map(({ local }) => local))
      return arePeers && this.#ipsOf(podUid, ip).every(each => inside.has(each)) && routes.includes(ip)
    } catch (error) {
      if (error instanceof ToolError) return false
      throw error
    }
  }

  /** @param isNew no link of the pod is expected; one that is there all the same is replaced */
  async #connect(podUid: string, pid: number, ip: string, isNew: boolean): Promise<void> {
    const { run, mtu, ipv6 } = this.#options
    const name = podLinkName(podUid)
    const addLink = () =>
      this.#additions.run([
        `link add ${name} mtu ${mtu} address ${HOST_LINK_ADDRESS} type veth peer name eth0 mtu ${mtu} netns ${pid}`,
        `link set ${name} alias ${alias(podUid)}`,
        `link set ${name} addrgenmode none`,
        `link set ${name} up`,
      ])
    const replaceLink = async () => {
      await this.#removeLink(name)
      await addLink()
    }
    try {
      await (isNew ? addLink().catch(replaceLink) : replaceLink())
      await ipv6?.switchOn(pid)
      const { before = [], after = [] } = ipv6?.inside(ip) ?? {}
      await ipBatch(
        run,
        [
          'link set lo up',
          ...before,
          'link set eth0 up',
          `address add ${ip}/32 dev eth0`,
          `route add ${POD_GATEWAY} dev eth0 scope link`,
          `route add default via ${POD_GATEWAY} dev eth0`,
          `neighbour replace ${POD_GATEWAY} lladdr ${HOST_LINK_ADDRESS} dev eth0 nud permanent`,
          ...after,
        ],
        pid,
      )
      await this.#additions.run(this.#outside(podUid, ip, name))
    } catch (error) {
      await this.#removeLink(name).catch(() => undefined) // why it was not connected says more
      throw error
    }
  }

  /** Routes and the end inside the pod go with the link. @throws ToolError when it may still be there */
  #removeLink(name: string): Promise<void> {
    return this.#removals.run([`link delete ${name}`]).catch((error: unknown) => {
      if (!isGone(error)) throw error
    })
  }
}

/** A process that was killed tells nothing of links that it had not come to. */
const isGone = (error: unknown): boolean =>
  error instanceof ToolError && /Cannot find device|No such device/.test(error.stderr)

export const isPodLink = ({ ifname }: Pick<Link, 'ifname'>): boolean => ifname.startsWith(POD_LINK_PREFIX)

/** The batch format splits at blanks and knows quotes: only characters that a uid may have get through. */
const alias = (podUid: string): string => podUid.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 200)
