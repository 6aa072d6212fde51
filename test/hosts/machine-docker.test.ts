// A desktop whose Docker is in a virtual machine, as Docker Desktop's: the node is a container there, of an image with all
// that an agent runs, and this machine reaches it through Docker's socket alone.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage } from '../e2e/support/client-image.ts'
import { ApartCluster } from '../e2e/support/apart-cluster.ts'
import { Cluster, execute, until } from '../e2e/support/cluster.ts'
import { CA_FILE, webManifest } from '../e2e/support/web.ts'
import { MachineDocker } from './support/machine-docker.ts'

const NODE_PORT = 31_981
const CLAIM = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: kept }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---`
const manifest = (image: string) =>
  CLAIM +
  webManifest(image, {
    nodePort: NODE_PORT,
    mounts: [
      CA_FILE.mount,
      '{ name: kept, mountPath: /kept }',
      '{ name: made, mountPath: /made }',
      '{ name: system, mountPath: /system, readOnly: true }',
    ],
    volumes: [
      CA_FILE.volume,
      '{ name: made, hostPath: { path: /srv/made, type: DirectoryOrCreate } }',
      '{ name: system, hostPath: { path: /etc/systemd, type: Directory } }',
      '{ name: kept, persistentVolumeClaim: { claimName: kept } }',
    ],
  })

let engine: MachineDocker
let cluster: Cluster
let before: string

/** All that Docker has there. */
const picture = async () =>
  [
    await engine.docker('ps', '-aq'),
    await engine.docker('volume', 'ls', '-q'),
    await engine.docker('network', 'ls', '--format', '{{.Name}}'),
    await engine.docker('images', '-a', '--format', '{{.Repository}}:{{.Tag}}'),
    engine.machine.sh("cut -d' ' -f2 /proc/mounts | grep -v '^/run\\|/var/lib/docker/overlay2' | sort"),
    engine.machine.sh('ls /var/lib/docker/volumes; nft list tables 2>/dev/null; ls /sys/class/net | sort'),
  ].join('\n--\n')
const ready = () => until('two ready pods', async () => /2\/2/.test(await cluster.kubectl('get', 'deployment', 'web')))
const inPod = (...command: string[]) => cluster.kubectl('exec', 'deploy/web', '--', ...command)
const pods = () => engine.docker('ps', '-q', '--no-trunc', '--filter', 'label=dev.flotilla.instance')
const asked = async () => (await execute('curl', ['-s', '-m', '2', `http://127.0.0.1:${NODE_PORT}/`])).stdout

beforeAll(async () => {
  engine = await MachineDocker.start()
  await engine.load(clientImage())
  before = await picture()
  cluster = await Cluster.start([], undefined, engine.prefix)
  await cluster.nodeReady()
  await cluster.apply(manifest(clientImage()))
  await ready()
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await engine?.[Symbol.asyncDispose]()
})

it('has no privileged container, and one without any rights that leads to the API server', async () => {
  const names = (await engine.docker('ps', '--filter', 'label=dev.flotilla.agent', '--format', '{{.Names}}')).split(
    '\n',
  )
  expect(names).toHaveLength(2)
  const facts = await engine.docker(
    'inspect', '-f', '{{.HostConfig.Privileged}} {{.HostConfig.CapDrop}} {{len .HostConfig.CapAdd}}', ...names.sort(),
  ) // prettier-ignore
  expect(facts.split('\n')).toEqual(['false [ALL] 11', 'false [ALL] 0'])
})
it('serves logs and exec, volumes, cluster DNS, Services and the API server in pods', async () => {
  expect(await cluster.kubectl('logs', 'deploy/web')).toBe('started\n')
  expect(await inPod('grep', ' /ram ', '/proc/mounts')).toContain('tmpfs')
  expect(await inPod('cat', '/ca')).toContain('BEGIN CERTIFICATE')
  await inPod('sh', '-c', 'echo kept > /kept/it')
  expect(await inPod('curl', '-s', 'http://web.default.svc.cluster.local')).toBe('hello\n')
  expect(await inPod('curl', '-sk', 'https://kubernetes.default/version')).toContain('gitVersion') // prettier-ignore
})
it('has paths of Docker’s machine in hostPath volumes, with what their types ask for', async () => {
  await inPod('sh', '-c', 'echo hello > /made/it')
  expect(engine.machine.sh('cat /srv/made/it')).toBe('hello')
  expect(await inPod('ls', '/system')).toContain('journald.conf')
})
it('has its node ports on this machine’s loopback', async () => {
  expect(await until('the node port answers', asked)).toBe('hello\n')
})
it('keeps its pods with a control plane that is killed, and has its agent again afterwards', async () => {
  const before = await pods()
  await cluster.kill()
  await until(
    'no agent is left',
    async () => (await engine.docker('ps', '-aq', '--filter', 'label=dev.flotilla.agent')) === '',
  )
  await cluster.start()
  await cluster.nodeReady()
  await ready()
  expect(await pods()).toBe(before)
  await until('the pods are to be entered', async () => (await inPod('cat', '/ram/index.html')) === 'hello\n')
})
it('is a node again after a restart of Docker’s machine, with what its claims hold', async () => {
  await engine.machine.reboot()
  await engine.answers()
  const answer = () => inPod('curl', '-s', '-m', '1', 'http://web')
  await until('the pods answer', async () => (await answer()) === 'hello\n', 90_000)
  expect(await inPod('cat', '/kept/it')).toBe('kept\n')
  expect(await until('the node port answers', asked)).toBe('hello\n')
})
it('is a node of one cluster; another that was refused takes nothing of it along', async () => {
  const other = await Cluster.start([], undefined, engine.prefix)
  await until('it is told', () => Promise.resolve(other.output.includes('is a node of another cluster')))
  expect(other.output).toContain('clusters that share a machine are made with: flotilla local create')
  await other.stop()
  await cluster.stop()
  expect(await other.reset()).toMatchObject({ code: 0, stderr: '' })
  await cluster.start()
  await ready()
  await until('the pods are to be entered', async () => (await inPod('cat', '/kept/it')) === 'kept\n')
})
it('leaves nothing in there after a reset', async () => {
  await cluster.stop()
  expect(await cluster.reset()).toMatchObject({ code: 0, stderr: '' })
  expect(existsSync(join(cluster.dataDir, 'store'))).toBe(false)
  expect(await picture()).toBe(before)
})

describe('a local cluster there', () => {
  let folder: string
  let local: ApartCluster
  /** Containers of it that no pod has. */
  const nodes = () => engine.docker('ps', '--filter', 'label=dev.flotilla.local-cluster', '--format', '{{.Names}}')
  const pid = () => (JSON.parse(readFileSync(join(local.controlPlane, 'runtime.json'), 'utf8')) as { pid: number }).pid

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-machine-local-'))
    local = new ApartCluster(folder, engine.prefix, NODE_PORT)
  })
  afterAll(async () => {
    if (existsSync(local.controlPlane)) await local.does('delete')
    rmSync(folder, { recursive: true })
  })

  it('has nodes in networks of their own, and its API server on this machine’s loopback', async () => {
    expect(await local.does('create', '--nodes', '2')).toContain(`${local.name}: 2 nodes are Ready`)
    expect((await nodes()).split('\n').sort()).toEqual(
      [1, 2].map(i => `flotilla-local-${local.name}-${local.name}-${i}`),
    )
    expect(await local.does('list')).toMatch(new RegExp(`^${local.name} +2/2 +running +https://127.0.0.1:`, 'm'))
    const rights = await engine.docker(
      'inspect', '-f', '{{.HostConfig.Privileged}} {{.HostConfig.CapDrop}} {{len .HostConfig.CapAdd}}', ...(await nodes()).split('\n'),
    ) // prettier-ignore
    expect(rights.split('\n')).toEqual(['false [ALL] 0', 'false [ALL] 0'])
  })
  it('spreads pods, which reach each other, Services and the API server, and has node ports on the loopback', async () => {
    await local.serveWeb(clientImage())
    await local.back()
    expect(await local.kubectl(['logs', 'deploy/web'])).toBe('started\n')
  })
  it('keeps its pods and their networks when its control plane is killed and started again', async () => {
    const since = await local.since()
    process.kill(pid(), 'SIGKILL')
    await until('it is told', async () => / 0\/2 +stopped/.test(await local.does('list')))
    await local.does('start')
    await local.back()
    expect(await local.since()).toBe(since)
  })
  it('is whole again after a restart of Docker’s machine, by itself', async () => {
    await engine.machine.reboot()
    await engine.answers()
    await local.back(90_000)
  })
  it('leaves nothing there when it is deleted', async () => {
    await local.does('delete')
    expect(await picture()).toBe(before)
    expect(existsSync(local.controlPlane)).toBe(false)
  })
})
