// `flotilla local`: a cluster of several nodes in containers of this machine's Docker, made by a user without root.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ran, execute, repository, until } from '../e2e/support/cluster.ts'
import { busyboxImage } from '../support/images.ts'

const SOCKET = realpathSync('/var/run/docker.sock')
const user = `flo-local-${process.pid}`
const name = `t${process.pid}`
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).trim()
const docker = (...args: string[]) => run('docker', ...args)

let home: string
let asUser: string[]
let socket: { gid: number; mode: number }
let before: string

beforeAll(() => {
  socket = statSync(SOCKET)
  run('useradd', '-m', '-G', 'docker', user)
  chownSync(SOCKET, 0, Number(run('getent', 'group', 'docker').split(':')[2]))
  chmodSync(SOCKET, 0o660)
  const [uid, gid] = [Number(run('id', '-u', user)), Number(run('id', '-g', user))]
  home = mkdtempSync(join(tmpdir(), 'flotilla-local-'))
  chownSync(home, uid, gid)
  const node = join(home, 'node')
  cpSync(realpathSync(process.execPath), node)
  asUser = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--reset-env', 'env', '-u', 'DOCKER_HOST', node]
  busyboxImage()
  before = picture()
})
afterAll(async () => {
  if (existsSync(join(home, 'clusters', name))) await local('delete')
  rmSync(home, { recursive: true, force: true })
  chownSync(SOCKET, 0, socket.gid)
  chmodSync(SOCKET, socket.mode & 0o777)
  run('userdel', user)
  rmSync(`/home/${user}`, { recursive: true, force: true })
})

const local = (command: string, ...args: string[]): Promise<Ran> => {
  const given = command === 'list' ? args : [name, ...args]
  const program = join(repository, 'out/main/cli.js')
  const argv = [...asUser, program, 'local', command, ...given, '--folder', join(home, 'clusters')]
  return execute('setpriv', argv, { timeoutMs: 150_000 })
}
async function kubectl(...args: string[]): Promise<string> {
  const env = { KUBECONFIG: join(home, 'clusters', name, 'control-plane/kubeconfig') }
  const { code, stdout, stderr } = await execute('kubectl', args, { env })
  if (code !== 0) throw new Error(stderr)
  return stdout
}
/** Everything of this machine that a cluster may leave behind. */
const picture = (): string =>
  [
    docker('ps', '-aq'),
    docker('network', 'ls', '-q'),
    docker('volume', 'ls', '-q'),
    run('sh', '-c', "ip -o link | awk '{print $2}'; ip -4 route; ip rule; nft list tables"),
    run('sh', '-c', `grep -c ${home} /proc/mounts || true`),
  ].join('\n')
const containers = (): string[] => docker('ps', '-q', '--no-trunc', '--filter', `label=dev.flotilla.local-cluster=${name}`).split('\n') // prettier-ignore

interface PodList {
  readonly items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[]
}
const pods = async (): Promise<PodList['items']> => (JSON.parse(await kubectl('get', 'pods', '-o', 'json')) as PodList).items // prettier-ignore

/** @returns what answers at each address and port, as a pod sees it */
async function ask(pod: string, targets: readonly string[]): Promise<string[]> {
  const get =
    'for target in "$@"; do printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 5 ${target%:*} ${target#*:} | tail -n 1; done'
  return (await kubectl('exec', pod, '--', 'sh', '-c', get, 'sh', ...targets)).trim().split('\n')
}

/** Pods of all nodes reach each other, and each of them by the Service. */
async function everythingAnswers(): Promise<void> {
  const all = await pods()
  const names = all.map(({ metadata }) => metadata.name)
  const service = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
  for (const from of names) {
    const answers = await ask(from, [...all.map(({ status }) => `${status.podIP}:8080`), `${service}:80`])
    expect(answers.slice(0, -1)).toEqual(names)
    expect(names).toContain(answers.at(-1))
  }
}
const rolledOut = () => kubectl('rollout', 'status', 'deployment/web', '--timeout=90s')
/** As `rolledOut`, for pods that have to fall first. */
const back = () => until('every pod answers', async () => (await everythingAnswers(), true))

/** Not the default ones. */
const RANGES = ['--cluster-cidr', '10.77.0.0/16', '--service-cluster-ip-range', '10.78.0.0/16']

test('ranges that overlap, or that its nodes cannot carry, are refused before anything is made', async () => {
  const overlapping = await local('create', '--cluster-cidr', '10.78.0.0/16', ...RANGES.slice(2))
  expect(overlapping).toMatchObject({ code: 2, stderr: expect.stringContaining('overlap') as string })
  const both = await local('create', '--cluster-cidr', '10.77.0.0/16,fd00:77::/48')
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('IPv4 only') as string })
  expect(picture()).toBe(before)
})

test('create makes nodes that are Ready, in containers that are not privileged', async () => {
  const { code, stdout, stderr } = await local('create', '--nodes', '2', ...RANGES)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`${name}: 2 nodes are Ready`)
  expect(await kubectl('get', 'nodes')).toMatch(new RegExp(`^${name}-1 +Ready(.|\n)*^${name}-2 +Ready`, 'm'))
  const inspected = JSON.parse(docker('inspect', ...containers())) as { HostConfig: { Privileged: boolean; CapDrop: string[] } }[] // prettier-ignore
  expect(inspected).toHaveLength(3)
  for (const { HostConfig } of inspected)
    expect(HostConfig).toMatchObject({ Privileged: false, CapDrop: ['ALL'], RestartPolicy: { Name: 'unless-stopped' } })
  const runtime = readFileSync(join(home, 'clusters', name, 'control-plane/runtime.json'), 'utf8')
  const { pid } = JSON.parse(runtime) as { pid: number }
  expect(run('ps', '-o', 'user:32=', '-p', String(pid))).toBe(user)
})

test('pods spread over the nodes, from images of this machine, and reach each other and Services', async () => {
  const script = 'echo started; hostname > /www/index.html; trap exit TERM; httpd -f -p 8080 -h /www & wait'
  const command = ['sh', '-c', script]
  const labels = { app: 'web' }
  const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: labels } } // prettier-ignore
  const podSpec = {
    terminationGracePeriodSeconds: 0,
    topologySpreadConstraints: [spread],
    containers: [{ name: 'web', image: busyboxImage(), command }],
  }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: {
      type: 'NodePort',
      selector: labels,
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'echo', port: 90, targetPort: 9090, protocol: 'UDP' },
      ],
    },
  }
  const { code, stderr } = await execute('kubectl', ['apply', '-f', '-'], {
    env: { KUBECONFIG: join(home, 'clusters', name, 'control-plane/kubeconfig') },
    input: [deployment, service].map(object => JSON.stringify(object)).join('\n'),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await rolledOut()
  expect((await pods()).map(({ spec }) => spec.nodeName).sort()).toEqual([`${name}-1`, `${name}-2`])
  await back()
  expect(await kubectl('logs', 'deployment/web')).toBe('started\n')
})

test('pods and Services have addresses of its own ranges, and node ports answer on this machine’s loopback', async () => {
  for (const { status } of await pods()) expect(status.podIP).toMatch(/^10\.77\./)
  const read = (path: string) => kubectl('get', 'service', 'web', '-o', `jsonpath={.spec.${path}}`)
  expect(await read('clusterIP')).toMatch(/^10\.78\./)
  const port = await read('ports[0].nodePort')
  const names = (await pods()).map(({ metadata }) => metadata.name)
  const answered = new Set<string>()
  await until('every pod has answered', async () => {
    answered.add((await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim())
    return names.every(pod => answered.has(pod))
  })
  expect([...answered].sort()).toEqual([...names].sort())
})

test('a pod with hostNetwork is in the network of its node, not of the machine', async () => {
  const node = `${name}-2`
  const container = { name: 'main', image: busyboxImage(), command: ['sleep', '600'] }
  const spec = { nodeName: node, hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [container] }
  const { code, stderr } = await execute('kubectl', ['apply', '-f', '-'], {
    env: { KUBECONFIG: join(home, 'clusters', name, 'control-plane/kubeconfig') },
    input: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'near' }, spec }),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await kubectl('wait', '--for=condition=Ready', 'pod/near', '--timeout=60s')
  const address = await kubectl('get', 'pod', 'near', '-o', 'jsonpath={.status.podIP}')
  expect(await kubectl('exec', 'near', '--', 'ip', '-4', 'address', 'show', 'dev', 'eth0')).toContain(
    `inet ${address}/`,
  )
  expect(await kubectl('exec', 'near', '--', 'hostname')).toBe(`${node}\n`)
  await kubectl('delete', 'pod', 'near')
})

/** Runs a program in the network of a container. */
const inNetworkOf = (pid: number, ...command: string[]) => run('nsenter', '-t', String(pid), '-n', ...command)
const pidOf = (id: string) => Number(docker('inspect', '-f', '{{.State.Pid}}', id))
/** Of a pod: any of its containers stands in its network. */
const podPid = (pod: string) => pidOf(docker('ps', '-q', '--filter', `label=io.kubernetes.pod.name=${pod}`).split('\n')[0]!) // prettier-ignore
const nodePid = (i: number) => pidOf(docker('ps', '-q', '--filter', `name=${name}-${i}$`))

/** Says what answers a packet to the address and port that it is told. */
const ASK_UDP = `
  const socket = require('dgram').createSocket('udp4'), [host, port] = process.argv[1].split(':')
  const send = () => socket.send('?', Number(port), host)
  socket.on('message', answer => { console.log(String(answer)); process.exit() })
  setTimeout(() => { console.log('silence'); process.exit() }, 5000)
  setInterval(send, 500); send()`
/** As a pod sees it. */
const askUdp = (pod: string, targets: readonly string[]): string[] =>
  targets.map(target => inNetworkOf(podPid(pod), process.execPath, '-e', ASK_UDP, target))

test('nodes between which only TCP 22 passes say so; their pods, this loopback and Services reach each other all the same', async () => {
  const all = await pods()
  const names = all.map(({ metadata }) => metadata.name)
  const answer = `
    const socket = require('dgram').createSocket('udp4')
    socket.on('message', (_question, { port, address }) => socket.send(process.argv[1], port, address)).bind(9090, () => console.log('up'))`
  const servers = names.map(pod => spawn('nsenter', ['-t', String(podPid(pod)), '-n', process.execPath, '-e', answer, pod])) // prettier-ignore
  try {
    for (const { stdout } of servers) await new Promise(resolve => stdout.once('data', resolve))
    await relayedBy(all)
  } finally {
    for (const server of servers) server.kill()
  }
})

/** Cuts the two nodes off from each other, and heals them. */
async function relayedBy(all: PodList['items']): Promise<void> {
  const names = all.map(({ metadata }) => metadata.name)
  const read = (path: string) => kubectl('get', 'service', 'web', '-o', `jsonpath={.spec.${path}}`)
  const [service, nodePort] = [await read('clusterIP'), await read('ports[1].nodePort')]
  const everyPacketIsAnswered = () => {
    for (const from of names) {
      expect(askUdp(from, all.map(({ status }) => `${status.podIP}:9090`))).toEqual(names) // prettier-ignore
      expect(names).toContain(askUdp(from, [`${service}:90`])[0])
    }
    expect(names).toContain(run(process.execPath, '-e', ASK_UDP, `127.0.0.1:${nodePort}`))
  }
  everyPacketIsAnswered()
  const relayed = async () =>
    (await kubectl('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Relayed")].status} {end}')).trim() // prettier-ignore
  expect(await relayed()).toBe('False False')
  const nodes = [nodePid(1), nodePid(2)]
  const macs = nodes.map(pid => (JSON.parse(inNetworkOf(pid, 'ip', '-j', 'link', 'show', 'eth0')) as { address: string }[])[0]!.address) // prettier-ignore
  for (const [i, pid] of nodes.entries()) inNetworkOf(pid, 'nft', only22(macs[1 - i]!))
  try {
    await until('both say so', async () => (await relayed()) === 'True True')
    await back()
    await until('every packet is answered', () => Promise.resolve((everyPacketIsAnswered(), true)))
  } finally {
    for (const pid of nodes) inNetworkOf(pid, 'nft', 'delete', 'table', 'ip', 'cut')
  }
  await until('nothing is relayed', async () => (await relayed()) === 'False False')
  await back()
}
const only22 = (mac: string) => `table ip cut {
  chain in {
    type filter hook prerouting priority -400;
    ether saddr ${mac} tcp dport != 22 tcp sport != 22 drop
    ether saddr ${mac} meta l4proto != tcp drop
  }
}`

test('an agent that ends is started again in the same network: its pods do not notice', async () => {
  const started = await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.startTime}')
  const agents = run('pgrep', '-f', `agent.cjs --config ${home}/clusters`).split('\n').map(Number).filter(isAgent)
  expect(agents).toHaveLength(2)
  for (const pid of agents) process.kill(pid, 'SIGKILL')
  await until('new agents are linked', async () =>
    Promise.all([1, 2].map(i => kubectl('get', '--raw', `/api/v1/nodes/${name}-${i}/proxy/healthz`))),
  )
  await back()
  expect(await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.startTime}')).toBe(started)
  expect(await kubectl('get', 'pods')).not.toMatch(/ [1-9]\d* +\(/)
})
const isAgent = (pid: number): boolean => realpathSync(`/proc/${pid}/exe`) === join(home, 'node')

/** Containers that run now and were not here before. */
const own = () => docker('ps', '-q').split('\n').filter(id => id !== '' && !before.includes(id)) // prettier-ignore

test('everything comes back when all of it dies at once, as with Docker or the machine', async () => {
  const of = (id: string) => docker('inspect', '-f', '{{.State.Pid}}', id)
  for (const pid of own().map(of)) process.kill(Number(pid), 'SIGKILL')
  await until('the API server answers', () => kubectl('get', '--raw', '/readyz'))
  await back()
})

test('stop leaves nothing running and loses nothing', async () => {
  expect(await local('stop')).toMatchObject({ code: 0, stderr: '' })
  expect(own()).toEqual([])
  expect((await local('list')).stdout).toMatch(new RegExp(`^${name} +0/2 +stopped`, 'm'))
  expect(await local('start')).toMatchObject({ code: 0, stderr: '' })
  await back()
})

test('reset makes it anew', async () => {
  expect(await local('reset')).toMatchObject({ code: 0, stderr: '' })
  expect(await kubectl('get', 'deployments', '-o', 'name')).toBe('')
  expect(await kubectl('get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}')).toBe('10.78.0.1')
  expect((await local('list')).stdout).toMatch(new RegExp(`^${name} +2/2 +running`, 'm'))
})

test('a name that is taken, one that is no name, and too many nodes are refused in one line', async () => {
  expect(await local('create')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is a local cluster') as string }) // prettier-ignore
  expect(await local('create', '--nodes', '0')).toMatchObject({ code: 2 })
})

test('delete leaves the machine as it was', async () => {
  expect(await local('delete')).toMatchObject({ code: 0, stderr: '' })
  expect(picture()).toBe(before)
  expect(existsSync(join(home, 'clusters', name))).toBe(false)
  expect(await local('start')).toMatchObject({ code: 1 })
})
