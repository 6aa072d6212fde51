// Servers as people rent them: each drops what nobody has let in, one by ufw, one by firewalld, one by rules of its own.
// Joined as they are, behind a router from each other, their pods reach each other and Services; what else was closed
// stays closed, and removing them leaves the rules as they were.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RELAYED } from '../../src/shared/machinery/relayed.ts'
import { Cluster, execute, repository, until } from '../e2e/support/cluster.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'

const SETUP: Readonly<Record<string, string>> = {
  // The first start misses rules whose kernel modules are only being loaded.
  ufw: 'ufw allow 22/tcp && ufw --force enable && ufw disable && ufw --force enable',
  firewalld: 'systemctl enable --now firewalld && firewall-cmd --state',
  rules: `nft -f - <<'END'
    table inet guard {
      chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iif "lo" accept
        icmp type echo-request accept
        tcp dport 22 accept
      }
      chain forward { type filter hook forward priority filter; policy drop; }
    }
END`,
}
/** Three hosts at once, on a machine that is busy with other tests. */
const LONG_MS = 600_000
const PACKAGES = ['ufw', 'firewalld']
const names = Object.keys(SETUP)
let lab: HostLab
let cluster: Cluster
let hosts: LabHost[]
let before: string[]

const flotilla = (...args: string[]) =>
  execute(process.execPath, [join(repository, 'out/main/cli.js'), ...args, '--data-dir', cluster.dataDir], {
    env: { HOME: lab.folder, SSH_AUTH_SOCK: '' },
    timeoutMs: LONG_MS,
  })

async function firewalledHost(name: string): Promise<LabHost> {
  const host = await lab.host(name, { docker: true })
  if (PACKAGES.includes(name))
    host.sh(`export DEBIAN_FRONTEND=noninteractive; { apt-get install -qq -y --no-install-recommends ${name} || { apt-get update -qq && apt-get install -qq -y --no-install-recommends ${name}; }; } && apt-get clean`) // prettier-ignore
  return host
}

beforeAll(async () => {
  lab = await HostLab.start()
  hosts = await Promise.all(names.map(firewalledHost))
  lab.partWays(...hosts)
  const key = lab.key('key')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(join(lab.folder, '.ssh', 'config'), `IdentityFile ${key.path}\n`)
  for (const host of hosts) {
    host.authorize('root', key.publicKey)
    host.sh(SETUP[host.name] ?? '')
  }
  before = hosts.map(host => host.picture())
  const environment = ['env', `HOME=${lab.folder}`, 'SSH_AUTH_SOCK=']
  cluster = await Cluster.start(['--no-local-node', '--listen', '0.0.0.0:0'], undefined, environment)
}, LONG_MS)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

test(
  'adding them tells what drops packets, what is opened by itself, and what is not',
  { timeout: LONG_MS },
  async () => {
    const file = lab.file('hosts.yaml', JSON.stringify(hosts.map(({ name, ip }) => ({ name, address: `root@${ip}` }))))
    const keys = hosts.flatMap(host => ['--host-key', host.hostKey()])
    const { code, stdout, stderr } = await flotilla('node', 'add', '--file', file, '--yes', ...keys)
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
    const nodes = await cluster.kubectl('get', 'nodes')
    for (const name of names) expect(nodes).toMatch(new RegExp(`^${name} +Ready`, 'm'))
    const checked = await flotilla('node', 'check', ...names)
    for (const told of [
      /^ufw +info: ufw is on\.\n +why: .*\n +how: .*UDP 8472 .*ufw allow 443\/tcp/m,
      /^firewalld +info: firewalld is on\.\n +why: .*\n +how: .*firewall-cmd /m,
      /^rules +info: A packet filter drops .*\(nftables inet guard input, nftables inet guard forward\)\.\n +why: .*\n +how: /m,
    ])
      expect(checked.stdout).toMatch(told)
    // Each is told of once.
    expect(checked.stdout.match(/packet filter/gi), checked.stdout).toHaveLength(1)
  },
)

const HTTP_GET = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 5 "$0" 8080'

test(
  'pods of all three reach each other and Services without the control plane in between',
  { timeout: LONG_MS },
  async () => {
    const image = busyboxImage()
    expect(await flotilla('image', 'load', image)).toMatchObject({ code: 0, stderr: '' })
    await cluster.apply(`{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"web"},"spec":{
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{
    "terminationGracePeriodSeconds":0,
    "containers":[{"name":"web","image":"${image}","command":["sh","-c","echo $NODE > /www/index.html; exec httpd -f -p 8080 -h /www"],
      "env":[{"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}]}}}}`)
    await cluster.apply(
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":8080}]}}',
    )
    await cluster.kubectl('rollout', 'status', 'daemonset/web', '--timeout=120s')
    const { items } = JSON.parse(await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')) as {
      items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[]
    }
    expect(items.map(({ spec }) => spec.nodeName).sort()).toEqual(names.toSorted())
    const get = (from: string, to: string) => cluster.kubectl('exec', from, '--', 'sh', '-c', HTTP_GET, to)
    const serviceIP = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
    for (const { metadata } of items) {
      for (const { spec, status } of items)
        expect(await get(metadata.name, status.podIP)).toContain(`\n${spec.nodeName}`)
      const seen = new Set<string>()
      await until('the Service answers from all three', async () => {
        seen.add((await get(metadata.name, serviceIP)).trim().split('\n').at(-1) ?? '')
        return names.every(name => seen.has(name))
      })
    }
    const relayed = await cluster.kubectl(
      'get',
      'nodes',
      '-o',
      `jsonpath={range .items[*]}{.status.conditions[?(@.type=="${RELAYED}")].status} {end}`,
    )
    expect(relayed.trim()).toBe('False False False')
  },
)

const LISTEN =
  '$s = IO::Socket::INET->new(Listen => 5, LocalPort => 9000, ReuseAddr => 1); while ($c = $s->accept) { close $c }'
const ASK_ITSELF = "bash -c ': < /dev/tcp/127.0.0.1/9000' 2>/dev/null"

test('what nobody has let in stays out', () => {
  for (const host of hosts) {
    host.sh(`perl -MIO::Socket -e '${LISTEN}' >/dev/null 2>&1 & echo $! > /run/listening`)
    host.sh(`for i in $(seq 300); do ${ASK_ITSELF} && exit 0; sleep 0.1; done; exit 1`)
  }
  for (const [i, host] of hosts.entries()) {
    const other = hosts[(i + 1) % hosts.length]
    const ask = `timeout 3 bash -c ': < /dev/tcp/${host.ip}/9000' 2>/dev/null && echo open || echo closed`
    expect(other?.sh(ask)).toBe('closed')
  }
  for (const host of hosts) host.sh('kill $(cat /run/listening); rm /run/listening')
})

test('after a reload of the firewalls pods still reach each other', { timeout: LONG_MS }, async () => {
  hosts[0]?.sh('ufw reload')
  hosts[1]?.sh('firewall-cmd --reload')
  await until('all pairs answer', async () => {
    const { items } = JSON.parse(await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')) as {
      items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[]
    }
    for (const { metadata } of items)
      for (const { spec, status } of items) {
        const { stdout } = await execute('kubectl', ['exec', metadata.name, '--', 'sh', '-c', HTTP_GET, status.podIP], {
          env: { KUBECONFIG: cluster.kubeconfig },
        })
        if (!stdout.includes(`\n${spec.nodeName}`)) return false
      }
    return true
  })
})

test('removing them leaves their rules, and all else, as they were', { timeout: LONG_MS }, async () => {
  const { code, stdout, stderr } = await flotilla('node', 'remove', ...names, '--yes')
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  // A zone that was used leaves firewalld's own empty chains.
  hosts[1]?.sh('firewall-cmd --reload')
  for (const [i, host] of hosts.entries()) expect(host.picture()).toBe(before[i])
})
