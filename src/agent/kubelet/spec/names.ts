// A pod's host names, and the two files that resolve names inside it.
import type { Pod, PodDNSConfig } from '../../../shared/api/core/v1.ts'
import type { NodeIdentity } from '../../contracts.ts'

const MAX_HOSTNAME = 63
const MAX_KERNEL_HOSTNAME = 64
const MAX_NAMESERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_CHARACTERS = 2_048

export function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostnameOverride ?? pod.spec.hostname ?? pod.metadata.name
  return name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '')
}

/** @returns the pod's name in the cluster's DNS, if its subdomain gives it one: not to a name that overrides all others */
export function domainOf(pod: Pod, clusterDomain: string): string | undefined {
  const { hostnameOverride, subdomain } = pod.spec
  return subdomain && hostnameOverride === undefined
    ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`
    : undefined
}

/** The host name that the kernel is told. @throws Error for a full name that it cannot hold */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const domain = domainOf(pod, clusterDomain)
  if (!domain || !pod.spec.setHostnameAsFQDN) return hostnameOf(pod)
  const full = `${hostnameOf(pod)}.${domain}`
  if (full.length > MAX_KERNEL_HOSTNAME)
    throw new Error(
      `Failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_KERNEL_HOSTNAME} characters is the max, ${full.length} characters requested)`,
    )
  return full
}

/** @param hostFile the node's own /etc/hosts, which pods on the host's network get */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string, hostFile: string): string {
  const lines: string[] = []
  if (pod.spec.hostNetwork) {
    lines.push('# Kubernetes-managed hosts file (host network).', hostFile.trimEnd())
  } else {
    lines.push(
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::\tip6-localnet',
      'fe00::\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
    )
    const domain = domainOf(pod, clusterDomain)
    const host = hostnameOf(pod)
    for (const ip of podIPs) lines.push(domain ? `${ip}\t${host}.${domain}\t${host}` : `${ip}\t${host}`)
  }
  if (pod.spec.hostAliases?.length) {
    lines.push('', '# Entries added by HostAliases.')
    for (const { ip, hostnames } of pod.spec.hostAliases) lines.push([ip, ...(hostnames ?? [])].join('\t'))
  }
  return `${lines.join('\n')}\n`
}

export interface ResolvConf {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && values[0]) nameservers.push(values[0])
    else if (keyword === 'search' || keyword === 'domain') searches = values
    else if (keyword === 'options') options = values
  }
  return { nameservers, searches, options }
}

/** @see https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy */
export function resolvConfOf(
  pod: Pod,
  node: NodeIdentity,
  host: ResolvConf,
): { readonly text: string; readonly warnings: readonly string[] } {
  const merged = withDnsConfig(ofPolicy(pod, node, host), pod.spec.dnsConfig)
  const nameservers = merged.nameservers.slice(0, MAX_NAMESERVERS)
  const searches = withinLimits(merged.searches)
  const warnings: string[] = []
  if (nameservers.length < merged.nameservers.length)
    warnings.push(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${nameservers.join(' ')}`,
    )
  if (searches.length < merged.searches.length)
    warnings.push(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
    )
  const lines = nameservers.map(address => `nameserver ${address}`)
  if (searches.length > 0) lines.push(`search ${searches.join(' ')}`)
  if (merged.options.length > 0) lines.push(`options ${merged.options.join(' ')}`)
  return { text: `${lines.join('\n')}\n`, warnings }
}

/** As many as fit into what resolvers read of the line. */
function withinLimits(searches: readonly string[]): string[] {
  const kept = searches.slice(0, MAX_SEARCHES)
  while (kept.join(' ').length > MAX_SEARCH_CHARACTERS) kept.pop()
  return kept
}

function ofPolicy(pod: Pod, node: NodeIdentity, host: ResolvConf): ResolvConf {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst'
  const usesHost = policy === 'Default' || (policy === 'ClusterFirst' && pod.spec.hostNetwork === true)
  if (policy === 'None') return { nameservers: [], searches: [], options: [] }
  if (usesHost) return host
  const domain = node.clusterDomain
  const own = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain]
  return {
    nameservers: [node.clusterDNS],
    searches: [...new Set([...own, ...host.searches.filter(search => search !== '.')])],
    options: ['ndots:5'],
  }
}

function withDnsConfig(base: ResolvConf, config: PodDNSConfig | undefined): ResolvConf {
  if (!config) return base
  const options = new Map(base.options.map(option => [option.split(':')[0] ?? option, option]))
  for (const { name, value } of config.options ?? [])
    if (name) options.set(name, value === undefined || value === '' ? name : `${name}:${value}`)
  return {
    nameservers: [...new Set([...base.nameservers, ...(config.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(config.searches ?? [])])],
    options: [...options.values()],
  }
}
