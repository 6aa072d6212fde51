// From bare machines to Ready nodes over SSH: three lab hosts — one without Docker, one whose sudo asks for a password,
// one behind a jump host — that cannot reach the control plane except by SSH.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostOperation } from '../../src/shared/api/flotilla/v1.ts'
import { Cluster, execute, repository, until } from '../e2e/support/cluster.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { Sleeper } from './support/asleep.ts'

let lab: HostLab
let cluster: Cluster
let hosts: LabHost[]
let bare: LabHost
let asking: LabHost
let hidden: LabHost
let before: string[]
const children: ChildProcess[] = []
const sleeper = new Sleeper()

const node = (...args: string[]) => nodeWith('', ...args)
const nodeWith = (input: string, ...args: string[]) =>
  execute(process.execPath, [join(repository, 'out/main/cli.js'), 'node', ...args, '--data-dir', cluster.dataDir], {
    input,
    env: { HOME: lab.folder, SSH_AUTH_SOCK: '' },
    timeoutMs: 280_000,
  })

const loadImage = (image: string, ...args: string[]) =>
  execute(
    process.execPath,
    [
      join(repository, 'out/main/cli.js'),
      'image',
      'load',
      image,
      '--password-stdin',
      '--data-dir',
      cluster.dataDir,
      ...args,
    ],
    { input: `${asking.password}\n`, env: { HOME: lab.folder, SSH_AUTH_SOCK: '' }, timeoutMs: 120_000 },
  )

/** The newest operation of a host. */
async function operationOf(
  host: string,
): Promise<{ phase: string; message: string; reason: string; bytesSent?: number }> {
  const text = await cluster.kubectl('get', 'hostoperations', '--sort-by=.metadata.creationTimestamp', '-o', 'json')
  const { items } = JSON.parse(text) as {
    items: { spec: { hostName: string }; status: { phase: string; message: string; reason: string } }[]
  }
  return items.findLast(({ spec }) => spec.hostName === host)!.status
}

beforeAll(async () => {
  lab = await HostLab.start()
  hosts = [bare, asking, hidden] = (await Promise.all([
    lab.host('bare', { docker: false }),
    lab.host('asking', { docker: true }),
    lab.host('hidden', { docker: true, hidden: true }),
  ])) as [LabHost, LabHost, LabHost]
  const key = lab.key('key')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(
    join(lab.folder, '.ssh', 'config'),
    `Host hidden\n  HostName ${hidden.ip}\n  User grace\n  ProxyJump grace@${asking.ip}\nHost *\n  IdentityFile ${key.path}\n`,
  )
  bare.authorize('root', key.publicKey)
  for (const user of ['ada', 'grace']) asking.authorize(user, key.publicKey)
  hidden.authorize('grace', key.publicKey)
  before = hosts.map(host => host.picture())
  const environment = ['env', `HOME=${lab.folder}`, 'SSH_AUTH_SOCK=', sleeper.environment]
  cluster = await Cluster.start(['--no-local-node', '--listen', '0.0.0.0:0'], undefined, environment)
})
afterAll(async () => {
  for (const child of children) child.kill()
  await cluster?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
  sleeper[Symbol.dispose]()
})

const HTTP_GET = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 5 "$0" 8080'

/** @returns the local port of a `kubectl port-forward` that ends with the tests */
async function forwardPort(what: string, port: number): Promise<number> {
  const child = spawn('kubectl', ['port-forward', what, `:${port}`], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const line = await new Promise<string>(resolve => child.stdout.once('data', chunk => resolve(String(chunk))))
  return Number(/:(\d+) ->/.exec(line)?.[1])
}

const inventory = () =>
  lab.file(
    'hosts.yaml',
    JSON.stringify([
      { address: `root@${bare.ip}`, name: 'bare', labels: { disk: 'fast' }, roles: ['worker'] },
      { address: `ada@${asking.ip}`, name: 'asking', taints: ['seen=yes:PreferNoSchedule'] },
      { address: 'hidden', name: 'hidden' },
    ]),
  )

test('a wrong password and a host key that is not the expected one stop everything, and tell so', async () => {
  const unasked = await node('add', `root@${bare.ip}`, '--name', 'bare', '--yes')
  expect(unasked.stderr).toContain(`then repeat with --host-key ${bare.hostKey()}`)
  const wrongKey = await node('add', `root@${bare.ip}`, '--name', 'bare', '--yes', '--host-key', asking.hostKey())
  expect(wrongKey).toMatchObject({ code: 1 })
  expect(wrongKey.stdout).toContain(`the host key of ${bare.ip}:22 was not accepted; nothing was sent to it`)
  expect(wrongKey.stdout).toContain('ssh-keygen -lf')
  expect((await node('show', 'bare')).stdout).toMatch(/^last +Join: Failed, the host key of /m)
  const elsewhere = await node('add', `root@${asking.ip}`, '--name', 'bare', '--yes')
  expect(elsewhere.stderr).toMatch(/bare is root@\S+, which has not joined yet; .*: flotilla node remove bare --forget/)
  expect(await node('remove', 'bare', '--forget', '--yes')).toMatchObject({ code: 0, stderr: '' })
  const args = ['add', `ada@${asking.ip}`, '--name', 'asking', '--yes', '--accept-host-keys', '--password-stdin']
  const wrongPassword = await nodeWith('not it\n', ...args)
  expect(wrongPassword.code).toBe(1)
  expect(wrongPassword.stderr).toContain('the password given is wrong')
  expect(asking.picture()).toBe(before[1])
})

const SUDO_PROMPT = 'flotilla-sudo-password:'
/** Looks for the sudo password, and for sudo's prompt, in arguments and environments of all programs of a host. */
function watchPrograms(host: LabHost): { seen(): string } {
  host.write('/run/wanted', `${host.password}\n${SUDO_PROMPT}\n`)
  host.sh(`(until [ -e /run/enough ]; do
    cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -aFof /run/wanted >> /run/seen; sleep 0.2
  done) >/dev/null 2>&1 &`)
  return { seen: () => host.sh('touch /run/enough; sleep 1; sort -u /run/seen; rm /run/enough /run/seen /run/wanted') }
}

test('adding three hosts in one go makes them Ready nodes', async () => {
  const fingerprints = hosts.flatMap(host => ['--host-key', host.hostKey()])
  const args = ['add', '--file', inventory(), '--yes', '--password-stdin', ...fingerprints]
  const programs = watchPrograms(asking)
  const { code, stdout, stderr } = await nodeWith(`${asking.password}\n`, ...args)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  expect(programs.seen()).toBe(SUDO_PROMPT)
  const nodes = await cluster.kubectl('get', 'nodes', '-L', 'disk')
  for (const { name } of hosts) expect(nodes).toMatch(new RegExp(`^${name} +Ready`, 'm'))
  expect(nodes).toMatch(/^bare +Ready +worker .*fast$/m)
  expect(await cluster.kubectl('get', 'node', 'asking', '-o', 'jsonpath={.spec.taints}')).toContain('"key":"seen"')
  for (const { name } of hosts) expect(await describeHost(name)).toMatch(/^ +Normal +JoinSucceeded .* is the node /m)
})

test('kubectl waits for operations, and tells how they ended', async () => {
  const wait = (condition: string, name: string) =>
    cluster.kubectl('wait', `--for=condition=${condition}`, `hostoperation/${name}`, '--timeout=10s')
  const described = (name: string) => cluster.kubectl('describe', 'hostoperation', name)
  const list = await cluster.kubectl('get', 'hostoperations', '-o', 'json')
  const { items } = JSON.parse(list) as { items: HostOperation[] }
  const joined = items.find(({ spec }) => spec.hostName === 'hidden')?.metadata.name ?? 'none'
  expect(await wait('Complete', joined)).toContain('condition met')
  await until('its event is there', async () =>
    /^ +Normal +JoinSucceeded .* is the node /m.test(await described(joined)),
  )

  const { apiVersion, kind } = items[0] as HostOperation
  const lost = { apiVersion, kind, metadata: { name: 'lost' }, spec: { hostName: 'nobody', action: 'Check' } }
  await cluster.kubectl('create', '-f', lab.file('lost.json', JSON.stringify(lost)))
  expect(await wait('Failed', 'lost')).toContain('condition met')
  await until('its event is there', async () =>
    /^ +Warning +CheckFailed .* no host "nobody"/m.test(await described('lost')),
  )
  await cluster.kubectl('delete', 'hostoperation', 'lost')
})

const describeHost = (name: string) => cluster.kubectl('describe', 'host', name)

test('a check tells what joining does not mend, also that the only way to the control plane is SSH', async () => {
  const { code, stdout } = await node('check', 'bare')
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^bare  info: The host does not reach the control plane by itself \(.*\)\.\n +why: .*\n +how: /m,
  )
  expect(stdout).not.toContain('Docker')
  expect(await describeHost('bare')).toMatch(/Id: +network\/control-plane/)
})

test('nothing secret is left in the API, on the hosts, or in the logs', async () => {
  expect(await cluster.kubectl('get', 'secrets', '-n', 'kube-system', '-o', 'name')).not.toContain('bootstrap-token')
  const objects = await cluster.kubectl('get', 'hosts,hostoperations,events', '-A', '-o', 'json')
  const log = execFileSync('cat', [join(cluster.dataDir, 'logs/control-plane.log')], { encoding: 'utf8' })
  for (const text of [
    objects,
    log,
    asking.sh('cat /proc/*/cmdline | tr "\\0" " "'),
    asking.sh('journalctl --no-pager -o cat'),
  ])
    expect(text).not.toContain(asking.password)
  expect(execFileSync('sh', ['-c', 'grep -rlF "$1" "$0" || true', cluster.dataDir, asking.password]).toString()).toBe(
    '',
  )
  for (const host of hosts) expect(host.sh('ls /etc/flotilla')).toBe('ca.crt\nconfig.json')
  expect(bare.sh('stat -c %a /etc/flotilla/config.json /var/lib/flotilla/identity/node.key')).toBe('600\n600')
})

test('the log of an agent and a shell are a command away, also behind a jump host', async () => {
  expect((await node('logs', 'bare')).stdout).toContain('Started flotilla-agent.service')
  const asked = await nodeWith(`${asking.password}\n`, 'logs', 'asking', '--password-stdin')
  expect(asked, asked.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Started flotilla-agent') as string }) // prettier-ignore
  // How the shell ended is how the command ends.
  const { code, stdout } = await nodeWith('unset HISTFILE; echo "$((6 * 7)) $(hostname)"\nexit 3\n', 'shell', 'hidden')
  expect({ code, stdout }).toMatchObject({ code: 3, stdout: expect.stringContaining('42 hidden') as string })
  expect(await node('shell', 'nowhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no host nowhere') as string }) // prettier-ignore
})

test('a Deployment spreads over them; logs, exec and port-forward work', async () => {
  const image = busyboxImage()
  const { code, stdout, stderr } = await loadImage(image)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  // How far each host is, beside the others.
  for (const { name } of hosts)
    expect(stdout).toMatch(
      new RegExp(`^${name}  25 %$.*^${name}  50 %$.*^${name}  75 %$.*^${name}  1 layer was missing, `, 'ms'),
    )
  await cluster.apply(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{
    "terminationGracePeriodSeconds":0,
    "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}}}],
    "containers":[{"name":"web","image":"${image}","command":["sh","-c","echo started; hostname > /www/index.html; exec httpd -f -p 8080 -h /www"]}]}}}}`)
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
  const wide = await cluster.kubectl(
    'get',
    'pods',
    '-l',
    'app=web',
    '-o',
    'jsonpath={range .items[*]}{.spec.nodeName} {.metadata.name} {.status.podIP}{"\\n"}{end}',
  )
  const pods = wide
    .trim()
    .split('\n')
    .map(line => line.split(' ') as [string, string, string])
  expect(pods.map(([on]) => on).sort()).toEqual(['asking', 'bare', 'hidden'])
  for (const [, name] of pods) {
    expect(await cluster.kubectl('logs', name)).toBe('started\n')
    expect(await cluster.kubectl('exec', name, '--', 'hostname')).toBe(`${name}\n`)
  }
  const [[, from]] = pods as [[string, string, string]]
  for (const [, name, ip] of pods)
    // busybox's wget, linked statically, crashes in an image without a resolver.
    expect(await cluster.kubectl('exec', from, '--', 'sh', '-c', HTTP_GET, ip)).toContain(`\n${name}`)
  const port = await forwardPort(`pod/${from}`, 8080)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(`${from}\n`)
})

test('of an image only the layers that a host lacks are sent', async () => {
  const image = busyboxImage()
  expect((await loadImage(image, '--nodes', 'bare')).stdout).toMatch(
    /^bare  had every layer, (\d+ B|\d(\.\d)? KiB) sent$/m,
  )
  const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()
  const more = `flotilla-test/more:${lab.id}`
  const container = docker('create', image, 'sh')
  try {
    docker('cp', fileURLToPath(import.meta.url), `${container}:/www/test.ts`)
    docker('commit', container, more)
    expect((await loadImage(more, '--nodes', 'bare,asking')).stdout).toMatch(
      /^asking  1 layer was missing, \d+(\.\d)? KiB sent$/m,
    )
    const cat = ['run', '--rm', more, 'head', '-c', '20', '/www/test.ts']
    expect(bare.exec('docker', ...cat)).toBe(docker(...cat))
  } finally {
    docker('rm', container)
    docker('image', 'rm', '--force', more)
  }
  expect(await loadImage('flotilla-test/none:1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no image') as string,
  })
  expect(await loadImage(image, '--nodes', 'nowhere')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no host nowhere') as string,
  })
})

test('adding them again does nothing and sends nothing', async () => {
  const { code, stdout } = await nodeWith(
    `${asking.password}\n`,
    'add',
    '--file',
    inventory(),
    '--yes',
    '--password-stdin',
  )
  expect(stdout).toContain('hidden is the node hidden; nothing had to be done')
  expect(code).toBe(0)
  for (const { name } of hosts) expect((await operationOf(name)).bytesSent ?? 0).toBe(0)
})

test('nodes whose pods have no direct way to each other are told as a pair, from both sides', async () => {
  const podsOf = (name: string) => cluster.kubectl('get', 'node', name, '-o', 'jsonpath={.spec.podCIDR}')
  const drop = `ip saddr ${(await podsOf('asking')).trim()} udp dport 8475 drop`
  bare.sh(`nft add table ip lab; nft 'add chain ip lab input { type filter hook input priority 0; }'; nft add rule ip lab input ${drop}`) // prettier-ignore
  const found = async () => {
    await nodeWith(`${asking.password}\n`, 'check', 'bare', 'asking', '--password-stdin')
    const texts = await Promise.all(['bare', 'asking', 'hidden'].map(async name => (await node('show', name)).stdout))
    return texts.map(text => /warning: Pods of (\S+) and (\S+) reach each other over the control plane only/.exec(text))
  }
  const conditions = () => cluster.kubectl('get', 'node', 'bare', 'asking', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Relayed")].status}') // prettier-ignore
  await until('both know', async () => (await conditions()).trim() === 'True True')
  const [one, other, third] = await found()
  expect([one?.slice(1), other?.slice(1), third]).toEqual([['bare', 'asking'], ['asking', 'bare'], null])
  bare.sh('nft delete table ip lab')
})

test('agents are restarted, upgraded and repaired by name, or all of them; steps of joining are undone', async () => {
  const agent = (what: string) => bare.sh(`systemctl show -p ${what} --value flotilla-agent`)
  const before = agent('ActiveEnterTimestampMonotonic')
  const unasked = await node('restart', 'bare')
  expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('with --yes') as string })
  expect(unasked.stdout).toMatch(/^bare  what will be done:\nbare    - restart the agent/m)
  const refused = await nodeWith('no\n', 'restart', 'bare')
  expect(refused).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^bare  cancelled: .*run it again/m) as string,
  })
  expect(agent('ActiveEnterTimestampMonotonic')).toBe(before)
  const restarted = await nodeWith('yes\n', 'restart', 'bare')
  expect(restarted, restarted.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bare  restart-agent: succeeded/m) as string }) // prettier-ignore
  expect(agent('ActiveEnterTimestampMonotonic')).not.toBe(before)

  const current = bare.sh('readlink /opt/flotilla/bin/agent.cjs')
  bare.sh(
    'cd /opt/flotilla; mv agent/* agent/0123456789abcdef; ln -sfn ../agent/0123456789abcdef/agent.cjs bin/agent.cjs',
  )
  const upgraded = await nodeWith(`${asking.password}\n`, 'upgrade', '--yes', '--password-stdin')
  expect(upgraded.code, upgraded.stdout + upgraded.stderr).toBe(0)
  expect(upgraded.stdout).toMatch(/^bare  switch-agent: succeeded/m)
  expect(upgraded.stdout).toMatch(/^hidden  succeeded: hidden is the node hidden; nothing had to be done$/m)
  expect(bare.sh('readlink /opt/flotilla/bin/agent.cjs')).toBe(current)

  expect((await node('undo', 'bare', '--step', 'live-restore', '--yes')).code).toBe(0)
  bare.sh('rm /etc/systemd/system/flotilla-agent.service')
  const repaired = await node('repair', 'bare', '--yes')
  expect(repaired.code, repaired.stdout + repaired.stderr).toBe(0)
  for (const step of ['live-restore', 'configure'])
    expect(repaired.stdout).toMatch(new RegExp(`^bare  ${step}: succeeded`, 'm'))
  const nobody = await node('upgrade', 'nowhere', '--yes')
  expect(nobody.stderr).toContain('there is no host nowhere; see: flotilla node list')
  expect((await node('check', 'nowhere')).stderr).toMatch(
    /no host nowhere; .*; one that is new .* by: flotilla node add nowhere$/m,
  )
}, 600_000)

test('a cut connection comes back by itself, and pods do not notice', async () => {
  const started = await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.startTime}')
  for (const host of hosts) host.cutSsh()
  await until('exec works again everywhere', async () => {
    const names = (await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ')
    await Promise.all(names.map(name => cluster.kubectl('exec', name, '--', 'true')))
    return true
  })
  expect(await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.startTime}')).toBe(started)
  await until(
    'the interval is written down',
    async () => (await cluster.kubectl('get', 'host', 'bare', '-o', 'jsonpath={.status.away[-1].until}')) !== '',
  )
})

test('after eight hours of sleep every node is Ready within a minute, and its pods are the same and never stopped', async () => {
  const pods = () =>
    cluster.kubectl('get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}') // prettier-ignore
  const before = await pods()
  const beats = () => cluster.kubectl('get', 'leases', '-n', 'kube-node-lease', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.spec.renewTime} {end}') // prettier-ignore
  const heard = await beats()
  const since = bare.sh('date +%s')
  const lost = '"connected":false'
  const awake = await sleeper.sleep(cluster, 8, () =>
    until('the agents have lost the control plane', () =>
      Promise.resolve(
        hosts.every(host => host.sh(`journalctl -u flotilla-agent --since @${since} --no-pager -o cat`).includes(lost)),
      ),
    ),
  )
  await until('every node is heard of', async () => {
    const now = new Set((await beats()).split(' '))
    const nodes = await cluster.kubectl('get', 'nodes')
    const isReady = hosts.every(({ name }) => new RegExp(`^${name} +Ready `, 'm').test(nodes))
    return (
      isReady &&
      heard
        .trim()
        .split(' ')
        .every(beat => !now.has(beat))
    )
  })
  expect(Date.now() - awake).toBeLessThan(60_000)
  expect(await pods()).toBe(before)
  expect(await cluster.kubectl('get', 'events', '-A', '-o', 'jsonpath={.items[*].reason}')).not.toMatch(
    /Evict|TaintManager/,
  )
  expect(await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.taints[*].key}')).not.toContain('node.kubernetes.io') // prettier-ignore
  for (const { name } of hosts) {
    const {
      from,
      until: end,
      reason,
    } = await until('the time away is written down', async () => {
      const text = await cluster.kubectl('get', 'host', name, '-o', 'jsonpath={.status.away}')
      const all = JSON.parse(text) as { from: string; until?: string; reason: string }[]
      const away = all.findLast(each => each.reason === 'this machine slept')
      return away?.until !== undefined && { ...away, until: away.until }
    })
    expect(Date.parse(end) - Date.parse(from)).toBeGreaterThanOrEqual(8 * 3_600_000)
    expect(reason).toBe('this machine slept')
  }
})

test('a host that shows another key is refused until somebody decides', async () => {
  bare.replaceHostKey()
  bare.cutSsh()
  await until('the link is down', async () => (await node('list')).stdout.includes('Away'))
  const { code, stdout } = await node('check', 'bare', '--accept-host-keys')
  expect({ code, stdout }).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('showed another host key') as string,
  })
  expect(await operationOf('bare')).toMatchObject({ phase: 'Failed', reason: 'HostKeyChanged' })
  await cluster.kubectl(
    'patch',
    'host',
    'bare',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"hostKeys":[]}}',
  )
  expect((await node('check', 'bare', '--accept-host-keys')).code).toBe(0)
})

test('removing them leaves the hosts as they were before', async () => {
  const names = hosts.map(({ name }) => name)
  const image = busyboxImage()
  asking.exec('docker', 'create', '--name', 'somebody-elses', image, 'sh')
  const args = ['remove', ...names, '--yes', '--password-stdin', '--accept-host-keys']
  const { code, stdout, stderr } = await nodeWith(`${asking.password}\n`, ...args)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  expect(await cluster.kubectl('get', 'nodes,hosts', '-o', 'name')).toBe('')
  const revoked = await cluster.kubectl('get', 'certificaterevocations', '-o', 'name')
  for (const name of names) expect(revoked).toContain(`/system.node.${name}\n`)
  // Images that were sent are gone, except those of which somebody has a container.
  asking.exec('docker', 'rm', 'somebody-elses')
  asking.exec('docker', 'image', 'rm', image)
  // The lab's own doing: a new host key.
  for (const [i, host] of hosts.entries())
    expect(withoutHostKeys(host.picture())).toBe(withoutHostKeys(before[i] ?? ''))
})

const withoutHostKeys = (picture: string): string => picture.replace(/^.*ssh_host_.*\n/gm, '')
