// The agent and Docker are killed in turn, in the middle of their work: what is healthy is never restarted, nothing is
// doubled, nothing is left behind. Docker is a daemon of the check's own, with live-restore.
// DOCKERDS=dockerd,/a/newer/dockerd takes the next program of the list at each start: Docker is upgraded under its pods.
import { spawn, spawnSync } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server } from '../bench/lib.mjs'
import { assert, must, run, scratch, skip, waitFor } from './lib.mjs'

const ROUNDS = Number(process.env['ROUNDS'] ?? 12)
const STEADY = 5
const DOCKERDS = (process.env['DOCKERDS'] ?? 'dockerd').split(',')
const IMAGE = 'flotilla-torture/sleep:1'
const STAY = 'trap exit TERM; /busybox sleep 100000 & wait'
const PODS = '/api/v1/namespaces/default/pods'
const READY_MS = 120_000

if (process.getuid?.() !== 0) skip('a Docker daemon of its own takes root')
for (const program of DOCKERDS) if (spawnSync(program, ['--version']).status !== 0) skip(`${program} is not installed`)

if (!process.env['FLOTILLA_TORTURE_INSIDE']) {
  // A network of its own: a second Docker would take away the first one's bridge.
  const inside = { ...process.env, FLOTILLA_TORTURE_INSIDE: 'yes' }
  const args = ['--net', '--mount', process.execPath, process.argv[1]]
  process.exit(spawnSync('unshare', args, { stdio: 'inherit', env: inside }).status ?? 1)
}
must('ip', 'link', 'set', 'lo', 'up')
must('ip', 'link', 'add', 'machine0', 'type', 'veth', 'peer', 'name', 'machine1')
must('ip', 'address', 'add', '198.51.100.1/24', 'dev', 'machine0')
for (const link of ['machine0', 'machine1']) must('ip', 'link', 'set', link, 'up')

const folder = scratch()
const socket = join(folder, 'docker.sock')
process.env['DOCKER_HOST'] = `unix://${socket}`
const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' })

const at = name => join(folder, name)
const log = openSync(at('log'), 'a')
const stdio = ['ignore', log, log]
// Kubernetes' own plugin would make the machine a folder for networks.
writeFileSync(at('containerd.toml'), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
/** Beside Docker, as distributions have it: killed with Docker, it would take its record of containers with it. */
const containerd = spawn(
  'containerd',
  ['--config', at('containerd.toml'), '--address', at('containerd.sock'), '--root', at('root'), '--state', at('state')],
  { stdio },
)

let daemon
let starts = 0
process.on('exit', () => {
  for (const child of [daemon, containerd]) child?.kill()
})
async function startDocker() {
  daemon = spawn(DOCKERDS[Math.min(starts++, DOCKERDS.length - 1)], [
    '--live-restore', '--containerd', at('containerd.sock'), '--host', `unix://${socket}`, '--data-root', at('data'),
    '--exec-root', at('exec'), '--pidfile', at('pid'), '--bridge', 'none', '--iptables=false', '--ip6tables=false',
  ], { stdio }) // prettier-ignore
  await waitFor(() => docker('version').status === 0, 'Docker answers', 60_000).catch(error => {
    throw new Error(`${error.message}:\n${readFileSync(at('log'), 'utf8').slice(-4_000)}`)
  })
}
/** Docker's versions, in the order in which they ran. */
const versions = []
const noteVersion = () => {
  const version = docker('version', '--format', '{{.Server.Version}}').stdout.trim()
  if (versions.at(-1) !== version) versions.push(version)
}
const ended = (child, signal) =>
  new Promise(resolve => {
    child.once('exit', resolve)
    child.kill(signal)
  })

await startDocker()
must('sh', '-c', `tar -C /bin -c busybox | docker import - ${IMAGE}`)
const server = await Server.start()
const get = async path => JSON.parse((await server.call('GET', path)).text)
const container = { name: 'c', image: IMAGE, imagePullPolicy: 'Never', command: ['/busybox', 'sh', '-c', STAY] }
async function create(name) {
  const spec = { containers: [container], terminationGracePeriodSeconds: 5 }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  const { code, text } = await server.call('POST', PODS, pod)
  assert(code === 201, text)
}
const isReady = async name => {
  const { status } = await get(`${PODS}/${name}`)
  return status?.conditions?.some(({ type, status: on }) => type === 'Ready' && on === 'True') === true
}
const ready = name =>
  waitFor(() => isReady(name), `${name} is ready`, READY_MS).catch(async error => {
    const { status } = await get(`${PODS}/${name}`)
    const { items } = await get(`/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=${name}`)
    const events = items.map(({ reason, message }) => `${reason}: ${message}`).join('\n')
    throw new Error(`${error.message}\n${JSON.stringify(status)}\n${events}`)
  })
/** What runs of pods whose name begins so, as `name id`. */
const running = prefix =>
  docker('ps', '--no-trunc', '--format', '{{.Label "io.kubernetes.pod.name"}} {{.ID}}')
    .stdout.split('\n')
    .filter(line => line.startsWith(prefix))
    .sort()

const hasNode = async () => {
  const { items } = await get('/api/v1/nodes')
  return items.some(({ status }) =>
    status.conditions?.some(({ type, status: on }) => type === 'Ready' && on === 'True'),
  )
}
function hasAgent() {
  try {
    return server.agentPid() > 0
  } catch {
    return false
  }
}

try {
  await waitFor(hasNode, 'the node is ready', 60_000)
  const steady = Array.from({ length: STEADY }, (_, i) => `steady-${i}`)
  for (const name of steady) await create(name)
  for (const name of steady) await ready(name)
  noteVersion()
  const before = running('steady-').join('\n')
  assert(before.split('\n').length === 2 * STEADY, `not two containers a pod:\n${before}`)

  for (let round = 0; round < ROUNDS; round++) {
    const name = `passing-${round}`
    await create(name)
    // Sooner or later in the work on it.
    await new Promise(resolve => setTimeout(resolve, Math.random() * 400))
    if (round % 2 === 0) {
      // One that was starting when Docker was killed has ended, and is started again.
      await waitFor(hasAgent, 'there is an agent', 60_000)
      process.kill(server.agentPid(), 'SIGKILL')
    } else {
      await ended(daemon, 'SIGKILL')
      await startDocker()
      noteVersion()
    }
    if (round % 3 > 0) await ready(name)
    await server.call('DELETE', `${PODS}/${name}`)
    assert(running('steady-').join('\n') === before, `round ${round}: healthy containers changed`)
    if (round % 2 === 0) await waitFor(() => hasAgent(), 'the agent is back', 60_000)
  }
  await waitFor(() => running('passing-').length === 0, 'deleted pods are gone', READY_MS)
  await waitFor(
    () => docker('ps', '-aq').stdout.trim().split('\n').length === 2 * STEADY,
    'nothing is left behind',
    READY_MS,
  )
  assert(running('steady-').join('\n') === before, 'healthy containers changed')
  for (const { metadata, status } of (await get(PODS)).items)
    for (const { restartCount } of status.containerStatuses ?? [])
      assert(restartCount === 0, `${metadata.name} was restarted ${restartCount} times`)
  console.log(
    `${ROUNDS} kills of agent and Docker (${versions.join(', then ')}) in turn: ` +
      `${STEADY} pods never restarted, none doubled, none left behind`,
  )
} finally {
  const left = docker('ps', '-aq').stdout.trim().split('\n').filter(Boolean)
  await server.stop()
  if (left.length > 0) docker('rm', '-f', ...left)
  await ended(daemon, 'SIGTERM')
  await ended(containerd, 'SIGTERM')
  // What Docker mounted for containers to outlive it.
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
  for (const path of mounts
    .filter(each => each.startsWith(folder))
    .sort()
    .reverse())
    run('umount', '-l', path)
}
