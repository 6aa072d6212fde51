// Chains that somebody wrote in nftables' own language (/etc/nftables.conf, Docker's nftables backend) and that end a
// packet: our accepts go first in them.
import { createHash } from 'node:crypto'
import type { Run } from '../exec.ts'
import { PROBE_PORT, TABLE } from '../names.ts'
import type { FirewallBackend, FirewallNeeds } from './needs.ts'

const COMMENT = 'flotilla'
/** Kept by iptables-nft and firewalld, which have backends of their own. iptables sees no others of a table than its own chains. */
const isManagedElsewhere = ({ family, table, name, hook }: Chain): boolean =>
  table === 'firewalld' ||
  table === TABLE ||
  (family !== 'inet' && ['filter', 'nat', 'mangle', 'raw'].includes(table) && name === hook?.toUpperCase())

interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly hook?: string
  readonly policy?: string
}

interface Rule {
  readonly handle: number
  readonly comment?: string
  readonly expr: readonly Readonly<Record<string, unknown>>[]
}

export class NativeNft implements FirewallBackend {
  readonly name = 'nftables'
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  async open(all: readonly FirewallNeeds[]): Promise<void> {
    for (const chain of await this.#chains()) {
      const rules = await this.#rules(chain)
      const needs = all.filter(({ family }) => chain.family === 'inet' || chain.family === family.ip)
      const wanted = needs.flatMap(chain.hook === 'forward' ? forwardRules : inputRules)
      const ours = rules.filter(rule => rule.comment?.startsWith(COMMENT))
      const isFirst = rules.slice(0, wanted.length).every(rule => rule.comment?.startsWith(COMMENT))
      // Rules are not printed as they were written: the comment tells whether they are still the ones wanted.
      const comment = `${COMMENT} ${createHash('sha256').update(wanted.join('\n')).digest('hex').slice(0, 16)}`
      if (ours.length === 0 && (wanted.length === 0 || !endsPackets(chain, rules))) continue
      if (ours.length === wanted.length && isFirst && ours.every(rule => rule.comment === comment)) continue
      const script = [
        ...ours.map(rule => `delete rule ${nameOf(chain)} handle ${rule.handle}`),
        ...wanted.map(rule => `insert rule ${nameOf(chain)} ${rule} comment "${comment}"`),
      ]
      await this.#run(['nft', '-f', '-'], { input: `${script.join('\n')}\n` })
    }
  }

  async close(): Promise<void> {
    for (const chain of await this.#chains()) {
      const ours = (await this.#rules(chain)).filter(rule => rule.comment?.startsWith(COMMENT))
      const script = ours.map(rule => `delete rule ${nameOf(chain)} handle ${rule.handle}\n`).join('')
      if (script) await this.#run(['nft', '-f', '-'], { input: script })
    }
  }

  async #chains(): Promise<Chain[]> {
    const { nftables } = JSON.parse(await this.#run(['nft', '-j', 'list', 'chains'])) as {
      nftables: { chain?: Chain }[]
    }
    return nftables
      .flatMap(({ chain }) => (chain ? [chain] : []))
      .filter(({ family, hook }) => ['ip', 'ip6', 'inet'].includes(family) && (hook === 'forward' || hook === 'input'))
      .filter(chain => !isManagedElsewhere(chain))
  }

  async #rules({ family, table, name }: Chain): Promise<Rule[]> {
    const text = await this.#run(['nft', '-j', 'list', 'chain', family, table, name])
    return (JSON.parse(text) as { nftables: { rule?: Rule }[] }).nftables.flatMap(({ rule }) => (rule ? [rule] : []))
  }
}

const nameOf = ({ family, table, name }: Chain): string => `${family} ${table} ${name}`

/** By its policy, or by a last rule that drops or rejects whatever is left. */
function endsPackets({ policy }: Chain, rules: readonly Rule[]): boolean {
  if (policy === 'drop') return true
  const last = rules.at(-1)?.expr ?? []
  const actions = last.filter(expression => !('counter' in expression) && !('log' in expression))
  const [only] = actions
  return actions.length === 1 && only !== undefined && ('drop' in only || 'reject' in only)
}

const forwardRules = ({ family: { ip }, clusterCIDR }: FirewallNeeds): string[] => [
  `${ip} saddr ${clusterCIDR} accept`,
  `${ip} daddr ${clusterCIDR} accept`,
]

const inputRules = ({
  family,
  clusterCIDR,
  ownAddresses,
  tunnelPeers,
  tunnelPort,
  probeAddress,
}: FirewallNeeds): string[] => [
  `${family.ip} saddr ${clusterCIDR} ${family.ip} daddr { ${ownAddresses.join(', ')} } accept`,
  ...(probeAddress ? [`ip saddr ${clusterCIDR} ip daddr ${probeAddress} udp dport ${PROBE_PORT} accept`] : []),
  ...(tunnelPeers.length > 0 ? [`ip saddr { ${tunnelPeers.join(', ')} } udp dport ${tunnelPort} accept`] : []),
]
