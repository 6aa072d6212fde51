// The control plane moves to a server and back while pods run: three lab hosts, of which two are nodes and one a bare
// server; none reaches the machine that the control plane comes from. One of the nodes is behind the other and neither
// reaches the server nor is reached from there.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster, type Ran, cli, execute, repository, until } from '../e2e/support/cluster.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'

/** Programs of two machines start and stop in each: a busy machine takes its time. */
const LONG_MS = 600_000
let lab: HostLab
let cluster: Cluster
let worker: LabHost
let inner: LabHost
let server: LabHost
let serverBefore: string
let encryption: string[]
let tokens: string
/** What systemd would take for a specifier, a variable, and the end of an argument. */
const ODD = '50% of "$HOME" \\ n'

const flotilla = (...args: string[]): Promise<Ran> =>
  execute(process.execPath, [join(repository, 'out/main/cli.js'), ...args, '--data-dir', cluster.dataDir], {
    env: { HOME: lab.folder, SSH_AUTH_SOCK: '' },
    timeoutMs: 280_000,
  })
const move = (...args: string[]) => flotilla('control-plane', 'move', ...args, '--yes')

beforeAll(async () => {
  lab = await HostLab.start()
  ;[worker, inner, server] = (await Promise.all([
    lab.host('worker', { docker: true }),
    lab.host('inner', { docker: true, hidden: true }),
    lab.host('server', { docker: false }),
  ])) as [LabHost, LabHost, LabHost]
  for (const [chain, end] of [['INPUT', '-s'], ['OUTPUT', '-d']] as const) inner.exec('iptables', '-I', chain, end, server.ip, '-j', 'REJECT') // prettier-ignore
  const key = lab.key('key')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(
    join(lab.folder, '.ssh', 'config'),
    `Host inner\n  HostName ${inner.ip}\n  User root\n  ProxyJump grace@${worker.ip}\nHost *\n  IdentityFile ${key.path}\n`,
  )
  for (const host of [worker, inner, server]) host.authorize('root', key.publicKey)
  worker.authorize('grace', key.publicKey)
  serverBefore = server.picture()
  encryption = ['--encryption-passphrase-file', lab.file('passphrase', 'correct horse')]
  tokens = lab.file('tokens.csv', 'sesame,ada,1\n')
  const policy = lab.file('policy.yaml', 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n')
  const audit = ['--audit-policy-file', policy, '--audit-log-path', join(lab.folder, 'audit.log')]
  const flags = ['--no-local-node', '--token-auth-file', tokens, ...audit, '--oidc-groups-prefix', ODD, ...encryption]
  cluster = await Cluster.start(flags, undefined, ['env', `HOME=${lab.folder}`, 'SSH_AUTH_SOCK='])
  const nodes = lab.file(
    'nodes.yaml',
    `- {address: root@${worker.ip}, name: worker}\n- {address: inner, name: inner}\n`,
  )
  const added = await flotilla('node', 'add', '--file', nodes, '--yes', '--accept-host-keys')
  expect(added, added.stdout).toMatchObject({ code: 0 })
  const image = busyboxImage()
  expect(await flotilla('image', 'load', image)).toMatchObject({ code: 0 })
  await cluster.apply(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{
    "terminationGracePeriodSeconds":0,
    "containers":[{"name":"web","image":"${image}","command":["sleep","100000"]}]}}}}`)
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
}, LONG_MS)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

/** What tells that the pods are the same ones, and that none of their containers was started again. */
const pods = () =>
  cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}') // prettier-ignore
const exec = () => cluster.kubectl('exec', 'deployment/web', '--', 'cat', '/etc/hostname')
const serverUrl = () => `https://${server.ip}:6443`
let podsBefore: string
let oldKubeconfig: string

test('a flag with which no server would start any more is told, before anything else', async () => {
  writeFileSync(tokens, 'only-a-token\n')
  const refused = await move(`root@${server.ip}`, '--host-key', server.hostKey())
  writeFileSync(tokens, 'sesame,ada,1\n')
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('flotilla: --token-auth-file ') as string })
  expect(server.picture()).toBe(serverBefore)
})

test('a server whose host key is not the expected one is left alone, and the control plane stays', async () => {
  const refused = await move(`root@${server.ip}`, '--host-key', worker.hostKey())
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('was not accepted; nothing was sent to it')
  expect(server.picture()).toBe(serverBefore)
  await cluster.kubectl('create', 'configmap', 'written-before')
})

test(
  'it moves: the same pods run on, and are reached through the server',
  async () => {
    podsBefore = await pods()
    expect(podsBefore).toMatch(/ 0\n$/)
    await cluster.kubectl('create', 'secret', 'generic', 'password', '--from-literal=now=hunter-now')
    oldKubeconfig = lab.file('old-kubeconfig', (await execute('cat', [cluster.kubeconfig])).stdout)
    const moved = await move(`root@${server.ip}`, '--host-key', server.hostKey())
    expect(moved, moved.stderr).toMatchObject({ code: 0 })
    expect(moved.stdout).toContain('every node has followed')
    expect(await cluster.kubectl('config', 'view', '--minify')).toContain(`server: ${serverUrl()}`)
    expect(await cluster.kubectl('get', 'configmap', 'written-before', '-o', 'name')).toBe('configmap/written-before\n')
    expect(await pods()).toBe(podsBefore)
    await until('the node is reached', () => exec().then(text => text.startsWith('web-')))
  },
  LONG_MS,
)

test('the flags that it had here it has there, with the files that they name', () => {
  const asAda = `curl -sk -H 'Authorization: Bearer sesame' https://127.0.0.1:6443/api/v1/nodes`
  expect(server.sh(asAda)).toContain('User \\"ada\\" cannot list resource')
  expect(server.sh('grep -c \'"username":"ada"\' /var/log/flotilla-server/audit.log')).not.toBe('0')
  expect(server.sh('stat -c "%a %U" /etc/flotilla-server/flags/*')).toBe('600 root\n600 root')
  const pid = server.sh('systemctl show -p MainPID --value flotilla-control-plane')
  expect(server.sh(`tr '\\0' '\\n' < /proc/${pid}/cmdline`)).toContain(`--oidc-groups-prefix=${ODD}\n`)
})

test('what is left at the old address says where it is, and takes no write', async () => {
  const { code, stderr } = await execute('kubectl', ['create', 'configmap', 'lost'], {
    env: { KUBECONFIG: oldKubeconfig },
  })
  expect(code).toBe(1)
  expect(stderr).toContain(`the control plane has moved to root@${server.ip} (${serverUrl()})`)
  await cluster.stop()
  const { code: started, stderr: why } = await cli(
    'serve',
    '--data-dir',
    cluster.dataDir,
    '--no-local-node',
    ...encryption,
  )
  expect(started).toBe(1)
  expect(why).toMatch(/^flotilla: the control plane has moved to .* flotilla control-plane move --back$/m)
})

test('a node behind a jump host is reached from there as it was from here, by a key that the jump host only lets through', async () => {
  const kubelet = () => cluster.kubectl('get', '--raw', '/api/v1/nodes/inner/proxy/healthz')
  await until('the node behind is reached', async () => (await kubelet()) === 'ok')
  const keys = worker.sh('cat /home/grace/.ssh/authorized_keys')
  expect(keys).toContain(`restrict,port-forwarding,command="false",permitopen="${inner.ip}:22" ecdsa-`)
})

test('Secrets are encrypted there as they were here, with a key that only root reads and that is not beside them', async () => {
  const secret = await cluster.kubectl('get', 'secret', 'password', '-o', 'jsonpath={.data.now}')
  expect(secret).toBe(Buffer.from('hunter-now').toString('base64'))
  expect(server.sh('stat -c "%a %U %s" /etc/flotilla-server/encryption-key')).toBe('600 root 32')
  expect(server.sh(`grep -rlF ${secret} /var/lib/flotilla-server || echo nowhere`)).toBe('nowhere')
  const refused = await move('--back')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/is encrypted.* --encrypt-later leaves Secrets in the clear/)
})

test('a server that holds another cluster by now is left alone', async () => {
  const key = '/var/lib/flotilla-server/ssh/id_cluster'
  server.sh(`cp -p ${key} ${key}.kept && echo another >> ${key}`)
  const refused = await move('--back', ...encryption)
  server.sh(`mv ${key}.kept ${key}`)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('is another cluster, and what is here is older')
  expect(server.sh('systemctl is-active flotilla-control-plane')).toBe('active')
})

test(
  'moving again is seeing that it is there',
  async () => {
    expect(await move(`root@${server.ip}`)).toMatchObject({ code: 0 })
    expect((await flotilla('status')).stdout).toContain(`running     ${serverUrl()} (on root@${server.ip}`)
    for (const line of [/^worker .* Ready$/m, /^inner .* Ready$/m])
      await until(`${line} is listed`, async () => line.test((await flotilla('node', 'list')).stdout))
  },
  LONG_MS,
)

/** Another version of the program: what is built, and a statement that its control plane begins with. */
function version(name: string, statement: string): (...args: string[]) => Promise<Ran> {
  const folder = join(lab.folder, name)
  mkdirSync(join(folder, 'out/agent'), { recursive: true })
  for (const path of ['package.json', 'out/main', 'out/agent/agent.cjs', 'out/openapi-descriptions.json'])
    cpSync(join(repository, path), join(folder, path), { recursive: true })
  for (const path of ['node_modules', 'out/agent/runtime']) symlinkSync(join(repository, path), join(folder, path))
  const program = join(folder, 'out/main/cli.js')
  writeFileSync(program, `if (process.argv[2] === 'serve') { ${statement} }\n${readFileSync(program, 'utf8')}`)
  return (...args) =>
    execute(process.execPath, [program, ...args, '--data-dir', cluster.dataDir], {
      env: { HOME: lab.folder, SSH_AUTH_SOCK: '' },
      timeoutMs: LONG_MS,
    })
}
const appThere = () => server.sh('readlink /opt/flotilla-server/app; ls /opt/flotilla-server/apps')
const unitThere = () => server.sh('cat /etc/systemd/system/flotilla-control-plane.service')
/** As an earlier version would have written it. */
const writeOlderUnit = () => server.sh("sed -i '/^LimitNOFILE=/d' /etc/systemd/system/flotilla-control-plane.service")
/** It is tried for as long as the server has not this file, so that whoever wants to see that cannot miss it. */
const GOES_ON = '/var/tmp/goes-on'
const failing =
  `const { existsSync } = await import('node:fs'); while (!existsSync('${GOES_ON}')) ` +
  "await new Promise(resolve => setTimeout(resolve, 100)); console.error('no good'); process.exit(7)"

test(
  'it is upgraded in place; a cut connection does not keep the server from going on',
  async () => {
    const before = appThere()
    const unit = unitThere()
    writeOlderUnit()
    const upgrade = version('newer', "process.title = 'newer'")
    const cutting = setInterval(() => {
      if (server.sh('ls /opt/flotilla-server').includes('upgrade')) server.cutSsh()
    }, 500)
    const cut = await upgrade('control-plane', 'upgrade', '--yes').finally(() => clearInterval(cutting))
    expect(cut.code, cut.stdout).toBe(1)
    const again = await upgrade('control-plane', 'upgrade', '--yes')
    expect(again, again.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/ runs (this )?version /) as string }) // prettier-ignore
    expect(appThere()).not.toBe(before)
    expect(appThere()).toMatch(/^apps\/([0-9a-f]{16})\n\1$/)
    expect(unitThere()).toBe(unit)
    expect(server.sh('ls /opt/flotilla-server')).toBe('app\napps\nnode\nruntimes')
    expect(server.sh('ls -d /var/lib/flotilla-server*')).toBe('/var/lib/flotilla-server')
    expect(await pods()).toBe(podsBefore)
  },
  LONG_MS,
)

test(
  'a version that does not become ready is taken back, with all that was written, also over a power cut in the middle',
  async () => {
    await cluster.kubectl('create', 'configmap', 'before-upgrade')
    const before = appThere()
    writeOlderUnit()
    const older = unitThere()
    const upgrade = version('broken', failing)
    const cut = upgrade('control-plane', 'upgrade', '--yes')
    const isTried = () => server.sh('readlink /opt/flotilla-server/app') !== before.split('\n')[0]
    await until('the new version is tried', () => Promise.resolve(isTried()), LONG_MS / 2)
    server.sh(`touch ${GOES_ON}`)
    await server.powerCut()
    expect(await cut).toMatchObject({ code: 1 })
    const refused = await upgrade('control-plane', 'upgrade', '--yes')
    expect(refused.code, refused.stdout).toBe(1)
    expect(refused.stderr).toMatch(
      /the version before runs again, with everything that was written; it said: .*no good/,
    )
    expect(appThere()).toBe(before)
    expect(unitThere()).toBe(older)
    expect(await cluster.kubectl('get', 'configmap', 'before-upgrade', '-o', 'name')).toBe('configmap/before-upgrade\n')
  },
  LONG_MS,
)

test(
  'one that leaves data which the version before cannot read is taken back with the data as it was',
  async () => {
    const format =
      "const { writeFileSync } = await import('node:fs'); writeFileSync('/var/lib/flotilla-server/format.json', '{\"format\":99}')"
    const refused = await version('migrating', `${format}; ${failing}`)('control-plane', 'upgrade', '--yes')
    expect(refused.code, refused.stdout).toBe(1)
    expect(refused.stderr).toContain('runs again with the data as it was before the upgrade')
    expect(await cluster.kubectl('get', 'configmap', 'before-upgrade', '-o', 'name')).toBe('configmap/before-upgrade\n')
    expect(await pods()).toBe(podsBefore)
  },
  LONG_MS,
)

test('flotilla connect reaches it on this loopback, through a node that SSH reaches, also after the connection was cut', async () => {
  const args = ['connect', `root@${worker.ip}`, '--port', '0', '--accept-host-keys', '--data-dir', cluster.dataDir]
  const child = spawn(process.execPath, [join(repository, 'out/main/cli.js'), ...args], {
    env: { ...process.env, HOME: lab.folder, SSH_AUTH_SOCK: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  try {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
    await until('it is connected', () => Promise.resolve(output.includes('connected https://127.0.0.1:')))
    const KUBECONFIG = /^export KUBECONFIG=(.*)$/m.exec(output)?.[1] ?? ''
    const nodes = () => execute('kubectl', ['get', 'nodes', '-o', 'name'], { env: { KUBECONFIG } })
    expect((await nodes()).stdout).toBe('node/inner\nnode/worker\n')
    worker.cutSsh()
    await until('it is connected again', async () => (await nodes()).stdout === 'node/inner\nnode/worker\n')
  } finally {
    child.kill('SIGTERM')
  }
  expect(await ended).toEqual([0, null])
})

test(
  'it comes back with what was written there, though its API server does not run; the pods do, and the server is as it was',
  async () => {
    await cluster.kubectl('create', 'configmap', 'written-there')
    // The other way, from one that answers, is in move-cuts.test.ts, and in `npm run torture -- move` over SSH.
    server.sh('systemctl stop flotilla-control-plane')
    const back = await move('--back', ...encryption)
    expect(back, back.stderr).toMatchObject({ code: 0 })
    expect(back.stdout).toContain('kept from starting there, where its API server does not answer')
    expect(server.picture()).toBe(serverBefore)
    expect(worker.sh('cat /home/grace/.ssh/authorized_keys')).not.toContain('flotilla')
    // Records are nobody's to delete.
    expect(back.stdout).toContain('its logs stay, in /var/log/flotilla-server')
    expect(server.sh('ls /var/log/flotilla-server')).toBe('audit.log')
    await cluster.start()
    expect(await cluster.kubectl('get', 'configmap', 'written-there', '-o', 'name')).toBe('configmap/written-there\n')
    expect(await cluster.kubectl('get', 'secret', 'password', '-o', 'name')).toBe('secret/password\n')
    await until('the node is reached', () => exec().then(text => text.startsWith('web-')))
    expect(await pods()).toBe(podsBefore)
  },
  LONG_MS,
)
