// A desktop whose Docker has no rights of root either: the machine becomes a node all the same, in the daemon's
// namespaces.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApartCluster } from './support/apart-cluster.ts'
import { clientImage } from './support/client-image.ts'
import { Cluster, execute, until } from './support/cluster.ts'
import { RootlessDocker, usersHaveNamespaces } from './support/rootless-docker.ts'
import { CA_FILE, webManifest } from './support/web.ts'

const NODE_PORT = 31_980
const manifest = (image: string) =>
  webManifest(image, { nodePort: NODE_PORT, mounts: [CA_FILE.mount], volumes: [CA_FILE.volume] })

const hasNamespaces = usersHaveNamespaces()
let engine: RootlessDocker
let cluster: Cluster

const ready = () => until('two ready pods', async () => /2\/2/.test(await cluster.kubectl('get', 'deployment', 'web')))
const inPod = (...command: string[]) => cluster.kubectl('exec', 'deploy/web', '--', ...command)
const containers = async () => (await engine.docker('ps', '-q', '--no-trunc')).stdout.split('\n').filter(Boolean).sort()
/** Processes of the user that run this. */
const running = async (what: string) => (await execute('pgrep', ['-u', engine.user, '-f', what])).stdout.trim()

beforeAll(async () => {
  if (!hasNamespaces) return
  engine = await RootlessDocker.start()
  await engine.load(clientImage())
  cluster = await Cluster.start([], join(engine.home, 'data'), engine.prefix)
  await cluster.nodeReady()
  await cluster.apply(manifest(clientImage()))
  await ready()
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await engine?.[Symbol.asyncDispose]()
})

describe.skipIf(!hasNamespaces)('a Docker without root', () => {
  it('has no process of root, and no container but those of pods', async () => {
    const agents = (await running('agent.cjs')).split('\n')
    expect(agents).toHaveLength(2) // one passes connections to the API server on
    expect(await containers()).toHaveLength(4)
    expect((await engine.docker('info', '-f', '{{.SecurityOptions}}')).stdout).toContain('rootless')
  })
  it('looks for CNI plugins’ networks where rootless engines do: those of the machine are root’s', () => {
    const config = JSON.parse(readFileSync(join(cluster.dataDir, 'agent/config.json'), 'utf8')) as {
      cniConfDir: string
    }
    expect(config.cniConfDir).toBe(join(engine.home, '.config/cni/net.d'))
  })
  it('serves logs and exec, volumes, cluster DNS, Services and the API server in pods', async () => {
    expect(await cluster.kubectl('logs', 'deploy/web')).toBe('started\n')
    expect(await inPod('grep', ' /ram ', '/proc/mounts')).toContain('tmpfs')
    expect(await inPod('cat', '/ca')).toContain('BEGIN CERTIFICATE')
    expect(await inPod('curl', '-s', 'http://web.default.svc.cluster.local')).toBe('hello\n')
    expect(await inPod('curl', '-sk', 'https://kubernetes.default/version')).toContain('gitVersion') // prettier-ignore
  })
  it('has its node ports on this machine’s loopback, where nodes’ addresses are out of reach', async () => {
    const ask = async () => (await execute('curl', ['-s', '-m', '2', `http://127.0.0.1:${NODE_PORT}/`])).stdout
    expect(await until('the node port answers', ask)).toBe('hello\n')
  })
  it('tells of no container what all programs of the machine use together', async () => {
    const { stdout } = await engine.docker('info', '-f', '{{.CgroupDriver}}')
    const text = await cluster.kubectl('get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods')
    if (stdout.trim() === 'none') expect(text).toContain('"items":[]')
    else expect(text).toContain('"name":"web"')
  })
  it('loses no pod with a control plane that is killed, and has its agent again afterwards', async () => {
    const before = await containers()
    await cluster.kill()
    await until('no agent is left', async () => (await running('agent.cjs')) === '')
    await cluster.start()
    await cluster.nodeReady()
    await ready()
    expect(await containers()).toEqual(before)
    await until('the pods are to be entered', async () => (await inPod('cat', '/ram/index.html')) === 'hello\n')
  })
  it('is a node again in the other namespaces of a daemon that was started anew', async () => {
    await engine.stop()
    await until('it is told', () => Promise.resolve(cluster.output.includes('not joined: Docker is not running here')))
    expect(await running('agent.cjs')).toBe('')
    await engine.start()
    await until('the pods answer', async () => (await inPod('curl', '-s', '-m', '1', 'http://web')) === 'hello\n')
  })
  it('is left as it was by a reset', async () => {
    await cluster.stop()
    expect(await cluster.reset()).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(cluster.dataDir)).toBe(false)
    expect((await engine.docker('ps', '-aq')).stdout).toBe('')
  })
})

describe.skipIf(!hasNamespaces)('a local cluster with it', () => {
  let local: ApartCluster
  const all = async () => (await engine.docker('ps', '-a', '--format', '{{.Names}}')).stdout

  beforeAll(() => {
    local = new ApartCluster(join(engine.home, 'clusters'), engine.prefix, NODE_PORT)
  })
  afterAll(async () => {
    if (existsSync(local.controlPlane)) await local.does('delete')
  })

  it('has nodes in networks of their own, with a pod on each, that reach each other and Services', async () => {
    expect(await local.does('create', '--nodes', '2')).toContain(`${local.name}: 2 nodes are Ready`)
    await local.serveWeb(clientImage())
    await local.back()
  })
  it('is whole again with a daemon that was started anew, by itself', async () => {
    await engine.stop()
    await engine.start()
    await local.back(90_000)
  })
  it('runs nothing while it is stopped, and loses nothing by it', async () => {
    await local.does('stop')
    expect((await engine.docker('ps', '-q')).stdout).toBe('')
    expect(await running('agent.cjs')).toBe('')
    await local.does('start')
    await local.back()
  })
  it('leaves nothing when it is deleted', async () => {
    await local.does('delete')
    expect(await all()).toBe('')
    expect((await engine.docker('network', 'ls', '-q')).stdout.trim().split('\n')).toHaveLength(3)
    expect(existsSync(local.controlPlane)).toBe(false)
  })
})
