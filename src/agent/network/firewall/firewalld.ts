// firewalld: pods join the trusted zone. Only its runtime state is changed, so a reload forgets it; it is put back
// when the agent looks again.
import { existsSync } from 'node:fs'
import { readState, removeState, writeStateSync } from '../state-file.ts'
import type { Run } from '../exec.ts'
import type { FirewallBackend, FirewallNeeds } from './needs.ts'

const PID_FILE = '/run/firewalld.pid'
/** What we added, so that what the administrator put there by himself stays. Gone with a reboot, as the rules are. */
const ADDED_FILE = '/run/flotilla/firewalld.json'

export class Firewalld implements FirewallBackend {
  readonly name = 'firewalld'
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  async open(needs: readonly FirewallNeeds[]): Promise<void> {
    if (!(await this.#isActive())) return
    const wanted = needs.flatMap(({ clusterCIDR, tunnelPeers, tunnelPort }) => [
      `--add-source=${clusterCIDR}`,
      ...tunnelPeers.map(peer => `--add-rich-rule=${tunnelRule(peer, tunnelPort)}`),
    ])
    const added = new Set(readAdded())
    for (const option of wanted) {
      const zone = option.startsWith('--add-source') ? ['--zone=trusted'] : []
      const isThere = await this.#run(['firewall-cmd', ...zone, option.replace('--add-', '--query-')]).then(
        () => true,
        () => false,
      )
      if (isThere) continue
      await this.#run(['firewall-cmd', ...zone, option])
      added.add(option)
    }
    if (added.size > 0) writeStateSync(ADDED_FILE, [...added])
  }

  async close(): Promise<void> {
    const added = readAdded()
    if (added.length === 0) return
    if (await this.#isActive()) {
      for (const option of added) {
        const zone = option.startsWith('--add-source') ? ['--zone=trusted'] : []
        // Already forgotten by a reload: nothing to take back.
        await this.#run(['firewall-cmd', ...zone, option.replace('--add-', '--remove-')]).catch(() => undefined)
      }
    }
    removeState(ADDED_FILE)
  }

  async #isActive(): Promise<boolean> {
    if (!existsSync(PID_FILE)) return false
    const state = await this.#run(['firewall-cmd', '--state']).catch(() => '')
    return state.trim() === 'running'
  }
}

const tunnelRule = (peer: string, port: number): string =>
  `rule family="ipv4" source address="${peer}" port port="${port}" protocol="udp" accept`

function readAdded(): string[] {
  const saved = readState(ADDED_FILE)
  return Array.isArray(saved) ? saved.filter((option): option is string => typeof option === 'string') : []
}
