// The cluster's own zone, answered out of Services and EndpointSlices.
// @see https://github.com/kubernetes/dns/blob/master/docs/specification.md (schema version 1.1.0)
import type { Record } from 'dns-packet'
import type { Service } from '../../shared/api/core/v1.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import { type CidrRange, rangeContains } from '../../shared/machinery/cidr.ts'
import { type IPAddressValue, familyOf, formatIP, type IPFamily, parseIP } from '../../shared/machinery/ip-address.ts'
import { isIPv4 } from '../../shared/machinery/ipv4.ts'
import type { ReverseIndex } from './reverse-index.ts'
import { clusterIPs, isHeadless, type Member, membersOf } from './members.ts'

export interface ZoneAnswer {
  readonly exists: boolean
  readonly answers: readonly Record[]
  readonly additionals: readonly Record[]
  /** A name outside the zone at which the answer continues (ExternalName). */
  readonly continueAt?: string
}

/** As kubeadm configures CoreDNS. */
export const TTL_SECONDS = 30
const NAMES_VERSION = '1.1.0'

const missing: ZoneAnswer = { exists: false, answers: [], additionals: [] }
const empty: ZoneAnswer = { exists: true, answers: [], additionals: [] }

export interface ClusterZoneOptions {
  readonly view: ClusterView
  readonly reverse: ReverseIndex
  /** `cluster.local` */
  readonly zone: string
  /** Of Services' addresses, those of these families are told. */
  readonly families: readonly IPFamily[]
  /** Addresses whose reverse names are never asked for outside. */
  readonly ownRanges: readonly CidrRange[]
}

export class ClusterZone {
  readonly #view: ClusterView
  readonly #reverse: ReverseIndex
  /** Lower case, without dots at the ends. */
  readonly zone: string
  readonly #suffix: string
  readonly #families: readonly IPFamily[]
  readonly #ownRanges: readonly CidrRange[]

  constructor({ view, reverse, zone, families, ownRanges }: ClusterZoneOptions) {
    this.#view = view
    this.#reverse = reverse
    this.zone = zone.toLowerCase()
    this.#suffix = `.${this.zone}`
    this.#families = families
    this.#ownRanges = ownRanges
  }

  /**
   * @param name as asked, in any case
   * @returns undefined when the name is not ours to answer
   */
  answer(name: string, type: string): ZoneAnswer | undefined {
    const lower = name.toLowerCase()
    if (lower === this.zone) return this.#apex(name, type)
    if (lower.endsWith(this.#suffix)) {
      const labels = lower.slice(0, -this.#suffix.length).split('.')
      const last = labels.at(-1)
      if (last === 'svc') return this.#service(name, type, labels.slice(0, -1))
      if (last === 'pod') return this.#pod(name, type, labels.slice(0, -1))
      if (lower === `dns-version${this.#suffix}`) return records(type, record(name, 'TXT', NAMES_VERSION))
      if (lower === `ns.dns${this.#suffix}` || lower === `dns${this.#suffix}`) return empty
      return missing
    }
    if (lower.endsWith('.in-addr.arpa') || lower.endsWith('.ip6.arpa')) return this.#pointer(name, lower, type)
    return undefined
  }

  /** The authority record of negative answers; its minimum is how long they may be kept. */
  soa(): Record {
    const data = {
      mname: `ns.dns${this.#suffix}`,
      rname: `hostmaster${this.#suffix}`,
      serial: 1,
      refresh: 7_200,
      retry: 1_800,
      expire: 86_400,
      // Short, so that a name that was asked for too early is found soon.
      minimum: 5,
    }
    return { name: this.zone, type: 'SOA', class: 'IN', ttl: 5, data }
  }

  #apex(name: string, type: string): ZoneAnswer {
    if (type === 'SOA') return { ...empty, answers: [{ ...this.soa(), name }] }
    return records(type, record(name, 'NS', `ns.dns${this.#suffix}`))
  }

  #service(name: string, type: string, labels: string[]): ZoneAnswer {
    const namespace = labels.at(-1)
    if (namespace === undefined) return empty
    const service = this.#view.services.get(`${namespace}/${labels.at(-2) ?? ''}`)
    if (labels.length === 1) return this.#hasServices(namespace) ? empty : missing
    if (!service) return missing
    if (service.spec.type === 'ExternalName') return labels.length === 2 ? this.#external(name, service) : missing
    const headless = isHeadless(service)
    const rest = labels.slice(0, -2)
    const [first = '', second = ''] = rest
    if (rest.length === 0) return headless ? this.#headless(name, type, service) : this.#virtual(name, type, service)
    if (rest.length === 1 && first.startsWith('_')) return this.#hasProtocol(service, first) ? empty : missing
    if (rest.length === 1 && headless) return this.#member(name, type, service, first)
    if (rest.length === 2 && first.startsWith('_') && second.startsWith('_'))
      return this.#port(name, type, service, headless, first.slice(1), second.slice(1))
    return missing
  }

  #virtual(name: string, type: string, service: Service): ZoneAnswer {
    if (type === 'SRV') return this.#port(name, type, service, false)
    return records(type, ...this.#clusterIPs(service).map(ip => address(name, ip)))
  }

  #headless(name: string, type: string, service: Service): ZoneAnswer {
    if (type === 'SRV') return this.#port(name, type, service, true)
    const members = this.#members(service)
    if (members.length === 0) return missing
    return records(type, ...[...new Set(members.map(({ ip }) => ip))].map(ip => address(name, ip)))
  }

  #member(name: string, type: string, service: Service, hostname: string): ZoneAnswer {
    const ips = new Set(this.#members(service).flatMap(member => (member.hostname === hostname ? [member.ip] : [])))
    if (ips.size === 0) return missing
    return records(type, ...[...ips].map(ip => address(name, ip)))
  }

  /** SRV records of one port, or of all when none is named. */
  #port(
    name: string,
    type: string,
    service: Service,
    isHeadless: boolean,
    port?: string,
    protocol?: string,
  ): ZoneAnswer {
    const matches = (candidate: { name?: string; protocol?: string }) =>
      port === undefined ||
      ((candidate.name ?? '') === port && (candidate.protocol ?? 'TCP').toLowerCase() === protocol)
    const found = new Map<string, { target: string; ip: string; port: number }>()
    const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${this.zone}`
    if (isHeadless) {
      for (const { ip, hostname, ports } of this.#members(service))
        for (const candidate of ports)
          if (candidate.port && matches(candidate))
            found.set(`${hostname} ${ip} ${candidate.port}`, {
              target: `${hostname}.${base}`,
              ip,
              port: candidate.port,
            })
    } else {
      for (const candidate of service.spec.ports ?? [])
        if (matches(candidate))
          for (const ip of this.#clusterIPs(service))
            found.set(`${ip} ${candidate.port}`, { target: base, ip, port: candidate.port })
    }
    if (found.size === 0) return missing
    if (type !== 'SRV' && type !== 'ANY') return empty
    const targets = [...found.values()]
    const weight = Math.max(1, Math.floor(100 / targets.length))
    return {
      exists: true,
      answers: targets.map(({ target, port: number }) =>
        record(name, 'SRV', { priority: 0, weight, port: number, target }),
      ),
      additionals: [...new Map(targets.map(({ target, ip }) => [`${target} ${ip}`, address(target, ip)])).values()],
    }
  }

  #external(name: string, { spec }: Service): ZoneAnswer {
    const target = (spec.externalName ?? '').replace(/\.$/, '')
    if (target === '') return empty
    // An address in place of a name is served as one, as the resolver of the reference implementation does.
    if (isIPv4(target)) return records('A', record(name, 'A', target))
    return { exists: true, answers: [record(name, 'CNAME', target)], additionals: [], continueAt: target }
  }

  #pod(name: string, type: string, labels: string[]): ZoneAnswer {
    if (labels.length === 0) return empty
    const namespace = labels.at(-1) ?? ''
    if (labels.length === 1) return this.#hasServices(namespace) ? empty : missing
    const [first = ''] = labels.length === 2 ? labels : []
    const ip = parseIP(first.replaceAll('-', '.')) ?? parseIP(first.replaceAll('-', ':'))
    return ip ? records(type, address(name, formatIP(ip))) : missing
  }

  #pointer(name: string, lower: string, type: string): ZoneAnswer | undefined {
    const ip = addressOfPointer(lower)
    if (!ip) return undefined
    const names = this.#reverse.namesOf(formatIP(ip))
    if (names.length > 0)
      return records(type, ...names.map(target => record(name, 'PTR', `${target}.svc.${this.zone}`)))
    return this.#ownRanges.some(range => rangeContains(range, ip)) ? missing : undefined
  }

  #clusterIPs(service: Service): string[] {
    return clusterIPs(service).filter(ip => this.#families.includes(familyOf(ip)))
  }

  #hasServices(namespace: string): boolean {
    return this.#reverse.namespaces.has(namespace)
  }

  #hasProtocol({ spec }: Service, label: string): boolean {
    return (spec.ports ?? []).some(({ protocol = 'TCP' }) => `_${protocol.toLowerCase()}` === label)
  }

  #members(service: Service): Member[] {
    return membersOf(this.#view, `${service.metadata.namespace}/${service.metadata.name}`)
  }
}

/** `4.1.244.10.in-addr.arpa`, or 32 digits before `ip6.arpa`, the last one first. */
function addressOfPointer(lower: string): IPAddressValue | undefined {
  const labels = lower.split('.').slice(0, -2).reverse()
  if (lower.endsWith('.in-addr.arpa')) {
    // A label may hold any byte, colons too.
    const ip = parseIP(labels.join('.'))
    return ip?.family === 'IPv4' ? ip : undefined
  }
  if (labels.length !== 32 || !labels.every(label => /^[0-9a-f]$/.test(label))) return undefined
  return parseIP(labels.join('').replace(/.{4}(?!$)/g, '$&:'))
}

const address = (name: string, ip: string): Record => record(name, familyOf(ip) === 'IPv6' ? 'AAAA' : 'A', ip)

const record = (name: string, type: string, data: unknown): Record => ({
  name,
  type,
  class: 'IN',
  ttl: TTL_SECONDS,
  data,
})

/** The name exists; of its records, those of the type asked for. */
const records = (type: string, ...all: Record[]): ZoneAnswer => ({
  exists: true,
  answers: type === 'ANY' ? all : all.filter(candidate => candidate.type === type),
  additionals: [],
})
