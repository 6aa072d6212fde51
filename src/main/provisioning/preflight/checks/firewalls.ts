// What keeps packets and files from pods on purpose: firewalls by name, packet filters that somebody wrote, SELinux.
import type { HostFinding } from '../../../../shared/api/flotilla/v1.ts'
import { type Check, type ClusterFacts, info, warning } from '../contract.ts'
import type { Dropping, Facts } from '../facts.ts'
import { type Said, say } from '../../say.ts'
import { tunnelPort } from './network.ts'

/** What the agent does about them, and what it leaves to people. */
const opened = (port: string): Said =>
  say(
    'Nothing has to be done for pods, Services and their node ports: the agent opens that, and UDP {port} for the other nodes, and closes it again when the host is removed.',
    { port },
  )

/** By the unit or trace that tells that it is on. */
const NAMED = [
  { trace: 'firewalld', name: 'firewalld', example: 'firewall-cmd --permanent --add-service=https' },
  { trace: 'ufw-enabled', name: 'ufw', example: 'ufw allow 443/tcp' },
] as const

const named = ({ active }: Facts, port: string): HostFinding[] =>
  NAMED.filter(({ trace }) => active.has(trace)).map(({ name, example }) =>
    info('network/firewall', {
      what: say('{firewall} is on.', { firewall: name }),
      why: say('It drops what comes from other nodes, and what is forwarded to pods.'),
      how: opened(port).and(
        say(
          'What listens on the host itself stays closed to others until you open it: 80 and 443 where it serves Ingresses or Gateways, and what pods with hostNetwork listen on ({example}).',
          { example },
        ),
      ),
    }),
  )

/** Its chains; people who write in nftables' own language call theirs otherwise, in a table of the same name too. */
const isOfIptables = ({ hook, table, chain }: Dropping): boolean =>
  /^ip6? filter$/.test(table) && chain === hook.toUpperCase()

/** Those that no other finding is about. Docker itself drops in FORWARD of iptables, wherever it runs. */
function isSomebodys(drop: Dropping, { active }: Facts): boolean {
  const { hook, table } = drop
  if (table === 'inet firewalld' && active.has('firewalld')) return false
  if (/^\S+ (flotilla|docker)/.test(table)) return false
  if (!isOfIptables(drop)) return true
  return hook === 'output' || (hook === 'input' && !active.has('ufw-enabled'))
}

const nameOf = (drop: Dropping): string => {
  const { table, chain } = drop
  return isOfIptables(drop)
    ? `${table.startsWith('ip6') ? 'ip6tables' : 'iptables'} ${chain}`
    : `nftables ${table} ${chain}`
}

function written(facts: Facts, { clusterCIDRs }: ClusterFacts, port: string): HostFinding[] {
  const found = facts.drops.filter(drop => isSomebodys(drop, facts))
  const names = (...hooks: string[]) =>
    [...new Set(found.filter(({ hook }) => hooks.includes(hook)).map(nameOf))].join(', ')
  const [inward, outward] = [names('input', 'forward'), names('output')]
  return [
    ...(inward
      ? [
          info('network/firewall-rules', {
            what: say('A packet filter drops what no rule of it lets through ({chains}).', { chains: inward }),
            why: say('What comes from other nodes, and what is forwarded to pods, ends there.'),
            how: opened(port).and(
              say(
                'What listens on the host itself stays closed to others until you open it: 80 and 443 where it serves Ingresses or Gateways, and what pods with hostNetwork listen on, with a rule in that chain.',
              ),
            ),
          }),
        ]
      : []),
    ...(outward
      ? [
          warning('network/firewall-output', {
            what: say(
              'A packet filter drops what the host itself sends, unless a rule of it lets that through ({chains}).',
              { chains: outward },
            ),
            why: say(
              'What goes to other nodes and to pods of this one ends there. The agent opens the way in, never the way out.',
            ),
            how: say(
              'Add rules to that chain that accept UDP {port} to the other nodes, everything to pods ({pods}), and what images and names need: TCP 443, and 53.',
              { port, pods: clusterCIDRs.join(', ') },
            ),
          }),
        ]
      : []),
  ]
}

export const firewalls: Check = {
  name: 'firewalls',
  look(facts, cluster) {
    const port = String(tunnelPort(cluster.networkBackend))
    return [...named(facts, port), ...written(facts, cluster, port)]
  },
}

export const selinux: Check = {
  name: 'selinux',
  look: ({ selinuxEnforcing }) =>
    selinuxEnforcing
      ? [
          info('system/selinux', {
            what: say('SELinux is enforcing.'),
            why: say('Containers may only read host folders that are labelled for them.'),
            how: say('Nothing has to be done for pods; hostPath volumes need "chcon -Rt container_file_t FOLDER".'),
          }),
        ]
      : [],
}
