// Whether this host can carry the pod network, told before anything is changed on it.
import { accessSync, constants, readFileSync } from 'node:fs'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import { baseRules } from '../proxy/base-rules.ts'
import { IPV4 } from './family.ts'
import { hasTool, type Run, run as runTool } from './exec.ts'
import { TABLE } from './names.ts'
import { type ClusterRanges, findOverlaps } from './overlaps.ts'
import { wireguardProblems } from './wireguard/link.ts'
import type { PreflightProblem } from './contract.ts'

const TOOLS: readonly { argv: readonly [string, ...string[]]; packageName: string; fatal: boolean; purpose: string }[] =
  [
    { argv: ['ip', '-V'], packageName: 'iproute2', fatal: true, purpose: 'pod links and routes' },
    { argv: ['bridge', '-V'], packageName: 'iproute2', fatal: false, purpose: 'tunnels to nodes on other subnets' },
    { argv: ['nft', '--version'], packageName: 'nftables', fatal: true, purpose: 'Services' },
    { argv: ['nsenter', '--version'], packageName: 'util-linux', fatal: true, purpose: 'the inside of pod networks' },
    {
      argv: ['conntrack', '--version'],
      packageName: 'conntrack',
      fatal: false,
      purpose: 'moving UDP flows off endpoints that left',
    },
  ]

export interface Wanted {
  /** Those of the cluster, to be compared with what the host uses already. */
  readonly ranges?: ClusterRanges | undefined
  readonly backend?: NetworkBackend | undefined
}

/** @returns every problem found; empty when the host is fit. Changes nothing. */
export async function preflight(run: Run = runTool, { ranges, backend }: Wanted = {}): Promise<PreflightProblem[]> {
  const missing = await Promise.all(
    TOOLS.map(async ({ argv, packageName, fatal, purpose }) => {
      if (await hasTool(run, argv)) return []
      const message = `${argv[0]} is missing: it is needed for ${purpose}. Install the package ${packageName}.`
      return [{ id: `tool/${argv[0]}`, message, fatal }]
    }),
  )
  const problems: PreflightProblem[] = missing.flat()
  if (!hasNetAdmin()) {
    const message = 'The agent may not configure the network: run it as root or with the capability CAP_NET_ADMIN.'
    return [...problems, { id: 'capability/net-admin', message, fatal: true }]
  }
  if (!problems.some(problem => problem.id === 'tool/nft')) problems.push(...(await checkNft(run)))
  if (!canForward()) {
    const message = 'net.ipv4.ip_forward is off and cannot be changed (/proc/sys is read-only). Set it to 1.'
    problems.push({ id: 'sysctl/ip_forward', message, fatal: true })
  }
  if (backend === 'wireguard') problems.push(...(await wireguardProblems(run)))
  if (ranges && !problems.some(problem => problem.id === 'tool/ip'))
    for (const message of await findOverlaps(run, ranges)) problems.push({ id: 'cidr/overlap', message, fatal: true })
  return problems
}

/** Lets nft check our own rules, kernel included, without applying them. */
async function checkNft(run: Run): Promise<PreflightProblem[]> {
  const sample = baseRules({
    family: IPV4,
    clusterCIDR: '10.244.0.0/16',
    podCIDR: '10.244.0.0/24',
    serviceCIDR: '10.96.0.0/16',
    hostIP: '10.244.0.0',
    direct: [],
  })
  const problem = await run(['nft', '--check', '-f', '-'], { input: sample }).then(
    () => undefined,
    (error: unknown) => String(error),
  )
  if (problem === undefined) return []
  const message = `This host's nftables does not accept the rules for table ${TABLE} (nft 1.0 and Linux 5.10 do): ${problem}`
  return [{ id: 'kernel/nftables', message, fatal: true }]
}

/** CAP_NET_ADMIN is bit 12 of the effective set. */
function hasNetAdmin(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> 12n) & 1n) === 1n
}

function canForward(): boolean {
  const path = '/proc/sys/net/ipv4/ip_forward'
  if (readFileSync(path, 'utf8').trim() === '1') return true
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
