// The agent's configuration file: parsed once, with one clear line for whatever is wrong with it.
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { parseRange } from '../shared/machinery/cidr.ts'
import { LOG_FOLDER } from '../shared/machinery/log-folder.ts'
import { familyOf } from '../shared/machinery/ip-address.ts'
import { NETWORK_BACKENDS } from '../shared/machinery/node-network.ts'
import type { IPv6Ranges } from './network/ipv6.ts'
import { parseBindAddress } from './network/bind-address.ts'

const taint = v.object({ key: v.string(), value: v.optional(v.string()), effect: v.string() })
const url = v.pipe(v.string(), v.url(), v.startsWith('https://'))

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const nodePortAddress = v.pipe(
  v.string(),
  v.check(text => text === 'primary' || parseRange(text) !== undefined, 'neither a range of addresses nor `primary`'),
)
const bindAddress = v.pipe(
  v.string(),
  v.check(
    text => text === '' || parseBindAddress(text) !== undefined,
    'no address with a port, such as 127.0.0.1:10249',
  ),
)
const seconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3_600))
/** `100Mi`, or a share such as `10%`. */
const amount = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?(%|[kKMGT]i?)?$/))

const schema = v.object({
  nodeName: v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)),
  /** Default: the machine's first address. */
  nodeIP: v.optional(v.pipe(v.string(), v.ip())),
  /** URLs of the API server, best first. */
  servers: v.pipe(v.array(url), v.minLength(1)),
  caFile: v.string(),
  certFile: v.string(),
  keyFile: v.string(),
  /** With what the first certificate is asked for; removed afterwards. */
  bootstrapTokenFile: v.optional(v.string()),
  /** Renew the certificate by itself; the agent then ends, to be started again with the new one. */
  rotateCertificates: v.optional(v.boolean(), false),
  dataDir: v.pipe(v.string(), v.startsWith('/')),
  /** Where a link to the data folder is made, for programs that look for the kubelet's folder. Default: nowhere. */
  kubeletLink: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  /** What pods know as `/var/log`. Default: that of the machine if it is this node, or one in the data folder. */
  logFolder: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  /** Where it is told that the network namespace is this agent's. Default: where all agents of the machine see it. */
  claimFolder: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  dockerSocket: v.optional(v.string(), '/var/run/docker.sock'),
  /** Name of the container that is the node. Default: the machine is. */
  hostContainer: v.optional(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/))),
  /** Whose files those are that volumes name by path: this process's, or those of what started it. */
  hostFiles: v.optional(v.picklist(['own', 'parent']), 'own'),
  clusterDNS: v.optional(v.pipe(v.string(), v.ip()), '10.96.0.10'),
  clusterDomain: v.optional(v.string(), 'cluster.local'),
  clusterCIDR: v.optional(v.string(), '10.244.0.0/16'),
  podCIDR: v.optional(v.string()),
  serviceCIDR: v.optional(v.string(), '10.96.0.0/16'),
  /** The same of each of the cluster's families, IPv4 first. */
  clusterCIDRs: v.optional(v.array(v.string())),
  serviceCIDRs: v.optional(v.array(v.string())),
  clusterDNSs: v.optional(v.array(v.pipe(v.string(), v.ip()))),
  /** Address by which other nodes reach this one in IPv6. Default: of the interface that has nodeIP. */
  nodeIPv6: v.optional(v.pipe(v.string(), v.ipv6())),
  /** Address of the Service default/kubernetes. Default: the first of serviceCIDR. */
  kubernetesServiceIP: v.optional(v.pipe(v.string(), v.ip())),
  labels: v.optional(v.record(v.string(), v.string()), {}),
  taints: v.optional(v.array(taint), []),
  /** Ranges of this machine's addresses that answer for node ports, or `primary` for its node address. Default: all. */
  nodePortAddresses: v.optional(v.pipe(v.array(nodePortAddress), v.minLength(1))),
  /** Where the kubelet's port is; empty = nowhere. Default: 10250 of the node's own addresses. */
  kubeletBindAddress: v.optional(bindAddress),
  /** Where kube-proxy tells whether it keeps up; empty = nowhere. Default: port 10256 where node ports answer. */
  healthzBindAddress: v.optional(bindAddress),
  /** Where it tells its metrics and settings; empty = nowhere. Default: port 10249 of loopback. */
  metricsBindAddress: v.optional(bindAddress),
  /** How pods' packets travel to other nodes. */
  networkBackend: v.optional(v.picklist(NETWORK_BACKENDS), 'auto'),
  /** Folder whose first configuration, while there is one, has CNI plugins connect pods. */
  cniConfDir: v.optional(v.pipe(v.string(), v.startsWith('/')), '/etc/cni/net.d'),
  /** Folders of CNI plugins. */
  cniBinDirs: v.optional(v.array(v.pipe(v.string(), v.startsWith('/'))), ['/opt/cni/bin', '/usr/lib/cni']),
  /** Where Ingresses are served, on nodes that serve any. Default 80 and 443. */
  ingressPorts: v.optional(v.object({ http: port, https: port })),
  /** Folder of manifests of static pods. Default: `manifests` below the data folder. */
  staticPodPath: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  /** How long a shutdown of the machine waits for pods in all, and for critical ones at the end of that; 0 = not at all. */
  shutdownGracePeriodSeconds: v.optional(seconds, 30),
  shutdownGracePeriodCriticalPodsSeconds: v.optional(seconds, 10),
  /** Instead of both: by the priority of pods. */
  shutdownGracePeriodByPodPriority: v.optional(
    v.pipe(v.array(v.object({ priority: v.pipe(v.number(), v.integer()), seconds })), v.minLength(1)),
  ),
  podPidsLimit: v.optional(v.number(), 0),
  /** Below these amounts or shares the node frees disk and evicts pods; what is not named has upstream's default. */
  evictionHard: v.optional(
    v.partial(v.object({
      'memory.available': amount, 'nodefs.available': amount, 'nodefs.inodesFree': amount,
      'imagefs.available': amount, 'imagefs.inodesFree': amount, 'pid.available': amount,
    })), // prettier-ignore
    {},
  ),
  log: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
})

export type AgentConfig = v.InferOutput<typeof schema>

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** @throws ConfigError with one line that names file and field */
export function readConfig(path: string): AgentConfig {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`)
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new ConfigError(`${path}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`)
}

/** @returns the first address of a range: where the API server's own Service lives */
export function firstAddress(cidr: string): string {
  const [base = ''] = cidr.split('/')
  return base.replace(/\d+$/, last => String(Number(last) + 1))
}

/** Where the node has what pods know as `/var/log`. */
export function logFolderOf({ logFolder, dataDir, hostContainer, hostFiles }: AgentConfig): string {
  if (logFolder !== undefined) return logFolder
  const isMachine = hostContainer === undefined && hostFiles === 'own'
  return isMachine ? LOG_FOLDER : `${dataDir}/log`
}

/** @returns the cluster's second family; undefined where it has IPv4 alone */
export function ipv6RangesOf({ clusterCIDRs, serviceCIDRs, clusterDNSs }: AgentConfig): IPv6Ranges | undefined {
  const ofIPv6 = (all: readonly string[] = []) => all.find(text => familyOf(text) === 'IPv6')
  const [clusterCIDR, serviceCIDR, clusterDNS] = [ofIPv6(clusterCIDRs), ofIPv6(serviceCIDRs), ofIPv6(clusterDNSs)]
  return clusterCIDR && serviceCIDR && clusterDNS ? { clusterCIDR, serviceCIDR, clusterDNS } : undefined
}

export const cniFoldersOf = ({ cniConfDir: confDir, cniBinDirs: binDirs }: AgentConfig) => ({ confDir, binDirs })
