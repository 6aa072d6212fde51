// firewalld: pods join the trusted zone. Only its runtime state is changed, so a reload forgets it; it is put back
// when the agent looks again. Each call of its program costs a third of a second of processor time, so there are few.
import { existsSync } from 'node:fs'
import { readState, removeState, writeStateSync } from '../state-file.ts'
import type { Run } from '../exec.ts'
import type { FirewallBackend, FirewallNeeds } from './needs.ts'

/** Units of distributions have it write none. */
const PID_FILE = '/run/firewalld.pid'
/** What we added, so that what the administrator put there by himself stays. Gone with a reboot, as the rules are. */
const ADDED_FILE = '/run/flotilla/firewalld.json'

/** What firewalld keeps lists of, as its options name it. */
interface Kind {
  readonly option: 'source' | 'rich-rule'
  readonly list: string
  readonly zone: readonly string[]
}
const SOURCES: Kind = { option: 'source', list: '--list-sources', zone: ['--zone=trusted'] }
const RICH_RULES: Kind = { option: 'rich-rule', list: '--list-rich-rules', zone: [] }
const KINDS = [SOURCES, RICH_RULES]

export class Firewalld implements FirewallBackend {
  readonly name = 'firewalld'
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  async open(needs: readonly FirewallNeeds[]): Promise<void> {
    if (!(await this.#isActive())) return
    const added = new Set(readAdded())
    for (const kind of KINDS) {
      const wanted = optionsOf(kind, needs)
      if (wanted.length === 0) continue
      const there = new Set(separate(kind, await this.#run(['firewall-cmd', ...kind.zone, kind.list])))
      const missing = wanted.filter(option => !there.has(option.slice(option.indexOf('=') + 1)))
      if (missing.length === 0) continue
      await this.#run(['firewall-cmd', ...kind.zone, ...missing])
      for (const option of missing) added.add(option)
    }
    if (added.size > 0) writeStateSync(ADDED_FILE, [...added])
  }

  async close(): Promise<void> {
    const added = readAdded()
    if (added.length === 0) return
    if (await this.#isActive())
      for (const kind of KINDS) {
        const own = added.filter(option => option.startsWith(`--add-${kind.option}=`))
        const removals = own.map(option => option.replace('--add-', '--remove-'))
        // Already forgotten by a reload: nothing to take back.
        if (own.length > 0) await this.#run(['firewall-cmd', ...kind.zone, ...removals]).catch(() => undefined)
      }
    removeState(ADDED_FILE)
  }

  async #isActive(): Promise<boolean> {
    if (!existsSync(PID_FILE) && !(await this.#isUnitActive())) return false
    const state = await this.#run(['firewall-cmd', '--state']).catch(() => '')
    return state.trim() === 'running'
  }

  async #isUnitActive(): Promise<boolean> {
    const state = await this.#run(['systemctl', 'is-active', 'firewalld']).catch(() => '')
    return state.trim() === 'active'
  }
}

const optionsOf = ({ option }: Kind, needs: readonly FirewallNeeds[]): string[] =>
  needs
    .flatMap(({ clusterCIDR, tunnelPeers, tunnelPort }) =>
      option === 'source' ? [clusterCIDR] : tunnelPeers.map(peer => tunnelRule(peer, tunnelPort)),
    )
    .map(value => `--add-${option}=${value}`)

const separate = ({ option }: Kind, printed: string): string[] =>
  printed.split(option === 'source' ? /\s+/ : '\n').filter(Boolean)

const tunnelRule = (peer: string, port: number): string =>
  `rule family="ipv4" source address="${peer}" port port="${port}" protocol="udp" accept`

function readAdded(): string[] {
  const saved = readState(ADDED_FILE)
  return Array.isArray(saved) ? saved.filter((option): option is string => typeof option === 'string') : []
}
