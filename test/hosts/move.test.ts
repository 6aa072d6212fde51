// The control plane moves to a server and back while pods run: two lab hosts, of which one is a node and one a bare
// server; neither reaches the machine that the control plane comes from.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
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
let server: LabHost
let serverBefore: string
let encryption: string[]

const flotilla = (...args: string[]): Promise<Ran> =>
  execute(process.execPath, [join(repository, 'out/main/cli.js'), ...args, '--data-dir', cluster.dataDir], {
    env: { HOME: lab.folder, SSH_AUTH_SOCK: '' },
    timeoutMs: 280_000,
  })
const move = (...args: string[]) => flotilla('control-plane', 'move', ...args, '--yes', '--leave-flags')

beforeAll(async () => {
  lab = await HostLab.start()
  ;[worker, server] = (await Promise.all([
    lab.host('worker', { docker: true }),
    lab.host('server', { docker: false }),
  ])) as [LabHost, LabHost]
  const key = lab.key('key')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(join(lab.folder, '.ssh', 'config'), `IdentityFile ${key.path}\n`)
  for (const host of [worker, server]) host.authorize('root', key.publicKey)
  serverBefore = server.picture()
  encryption = ['--encryption-passphrase-file', lab.file('passphrase', 'correct horse')]
  const flags = ['--no-local-node', '--max-requests-inflight', '300', ...encryption]
  cluster = await Cluster.start(flags, undefined, ['env', `HOME=${lab.folder}`, 'SSH_AUTH_SOCK='])
  const added = await flotilla('node', 'add', `root@${worker.ip}`, '--name', 'worker', '--yes', '--accept-host-keys')
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

test('what the server would not be told is said, before anything else', async () => {
  const refused = await flotilla('control-plane', 'move', `root@${server.ip}`, '--yes')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('was started with --max-requests-inflight, which the server would not have')
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
    expect((await flotilla('node', 'list')).stdout).toMatch(/^worker .* Ready$/m)
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
    expect((await nodes()).stdout).toBe('node/worker\n')
    worker.cutSsh()
    await until('it is connected again', async () => (await nodes()).stdout === 'node/worker\n')
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
    await cluster.start()
    expect(await cluster.kubectl('get', 'configmap', 'written-there', '-o', 'name')).toBe('configmap/written-there\n')
    expect(await cluster.kubectl('get', 'secret', 'password', '-o', 'name')).toBe('secret/password\n')
    await until('the node is reached', () => exec().then(text => text.startsWith('web-')), 90_000)
    expect(await pods()).toBe(podsBefore)
  },
  LONG_MS,
)
