// iptables and ip6tables, nft or legacy, as Docker and ufw use it: our own chains, entered first from DOCKER-USER (which Docker
// keeps for others and evaluates before everything else) or else from FORWARD, and from INPUT.
import { readFileSync } from 'node:fs'
import type { Run } from '../exec.ts'
import type { Family } from '../family.ts'
import { PROBE_PORT } from '../names.ts'
import type { FirewallBackend, FirewallNeeds } from './needs.ts'

const FORWARD_CHAIN = 'FLOTILLA-FORWARD'
const INPUT_CHAIN = 'FLOTILLA-INPUT'

export class Iptables implements FirewallBackend {
  readonly name: string
  readonly #run: Run
  readonly #variant: 'nft' | 'legacy'
  readonly #family: Family

  constructor(run: Run, variant: 'nft' | 'legacy', family: Family) {
    this.#run = run
    this.#variant = variant
    this.#family = family
    this.name = `${family.ip}tables-${variant}`
  }

  async open(all: readonly FirewallNeeds[]): Promise<void> {
    const needs = all.find(({ family }) => family === this.#family)
    if (!needs || !(await this.#isActive())) return
    const rules = await this.#rules()
    const script: string[] = []
    const forwardParent = hasRule(rules, 'FORWARD', '-j DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD'
    if (decides(rules, 'FORWARD')) script.push(...hookIn(rules, forwardParent, FORWARD_CHAIN, forwardRules(needs)))
    if (decides(rules, 'INPUT')) script.push(...hookIn(rules, 'INPUT', INPUT_CHAIN, inputRules(needs)))
    await this.#restore(script)
  }

  async close(): Promise<void> {
    if (!(await this.#isActive())) return
    const rules = await this.#rules()
    const jumps = rules.filter(rule => rule.startsWith('-A ') && / -j FLOTILLA-(FORWARD|INPUT)$/.test(rule))
    const chains = [FORWARD_CHAIN, INPUT_CHAIN].filter(chain => rules.includes(`-N ${chain}`))
    await this.#restore([
      ...jumps.map(rule => rule.replace('-A ', '-D ')),
      ...chains.map(chain => `-F ${chain}`),
      ...chains.map(chain => `-X ${chain}`),
    ])
  }

  /** Looking with iptables itself would create its tables on a host that does not use them. */
  async #isActive(): Promise<boolean> {
    if (this.#variant === 'legacy') return legacyTables(this.#family).includes('filter')
    const chains = await this.#run(['nft', 'list', 'chains', this.#family.ip]).catch(() => '')
    return /^table ip6? filter \{$/m.test(chains) && /^\s*chain FORWARD \{/m.test(chains)
  }

  async #rules(): Promise<string[]> {
    return (await this.#run([await this.#tool(''), '-w', '-S'])).split('\n').filter(Boolean)
  }

  async #restore(script: readonly string[]): Promise<void> {
    if (script.length === 0) return
    const input = ['*filter', ...script, 'COMMIT', ''].join('\n')
    await this.#run([await this.#tool('-restore'), '-w', '--noflush'], { input })
  }

  /** Distributions with one variant only call it `iptables`. */
  async #tool(suffix: string): Promise<string> {
    const name = `${this.#family.ip}tables`
    const exact = `${name}-${this.#variant}${suffix}`
    const answered = await this.#run([exact, '--version']).catch(() => undefined)
    return answered === undefined ? `${name}${suffix}` : exact
  }
}

const legacyTables = ({ ip }: Family): string[] => {
  try {
    return readFileSync(`/proc/self/net/${ip}_tables_names`, 'utf8').split('\n')
  } catch {
    return [] // the kernel module was never loaded
  }
}

const hasRule = (rules: readonly string[], chain: string, end: string): boolean =>
  rules.some(rule => rule.startsWith(`-A ${chain} `) && rule.endsWith(end))

/** Whether a packet may meet its end in this chain. */
const decides = (rules: readonly string[], chain: string): boolean =>
  rules.includes(`-P ${chain} DROP`) ||
  rules.some(rule => rule.startsWith(`-A ${chain} `) && !rule.includes('FLOTILLA'))

/** @returns what is missing, so that nothing is written while everything is in place. */
function hookIn(rules: readonly string[], parent: string, chain: string, wanted: readonly string[]): string[] {
  const lines = wanted.map(rule => `-A ${chain} ${rule}`)
  const present = rules.filter(rule => rule.startsWith(`-A ${chain} `))
  const isComplete = lines.length === present.length && lines.every((line, i) => line === present[i])
  const jump = `-j ${chain}`
  const first = rules.find(rule => rule.startsWith(`-A ${parent} `))
  const script = isComplete ? [] : [`:${chain} - [0:0]`, ...lines]
  if (first === `-A ${parent} ${jump}`) return script
  if (hasRule(rules, parent, jump)) script.push(`-D ${parent} ${jump}`)
  return [...script, `-I ${parent} 1 ${jump}`]
}

// Written as `iptables -S` prints them, since they are compared with that.
const forwardRules = ({ clusterCIDR }: FirewallNeeds): string[] => [
  `-s ${clusterCIDR} -j ACCEPT`,
  `-d ${clusterCIDR} -j ACCEPT`,
]

const inputRules = ({
  family,
  clusterCIDR,
  ownAddresses,
  tunnelPeers,
  tunnelPort,
  probeAddress,
}: FirewallNeeds): string[] => [
  ...ownAddresses.map(address => `-s ${clusterCIDR} -d ${address}/${family.bits} -j ACCEPT`),
  ...(probeAddress ? [`-s ${clusterCIDR} -d ${probeAddress}/32 -p udp -m udp --dport ${PROBE_PORT} -j ACCEPT`] : []),
  ...tunnelPeers.map(peer => `-s ${peer}/32 -p udp -m udp --dport ${tunnelPort} -j ACCEPT`),
]
