// A user without root, in the docker group: the machine becomes a node all the same, through a container.
import { execFileSync } from 'node:child_process'
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentContainerName } from '../../src/main/local-node/contained-agent.ts'
import { clientImage } from './support/client-image.ts'
import { Cluster, execute, until } from './support/cluster.ts'
import { webManifest } from './support/web.ts'

const SOCKET = realpathSync('/var/run/docker.sock')
const user = `flo-test-${process.pid}`
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).trim()
const docker = (...args: string[]) => run('docker', ...args)
const lines = (text: string) => text.split('\n').filter(Boolean).sort()
/** Others may have clusters on this machine: only this one's count. */
const agents = () => lines(docker('ps', '-aq', '--filter', `name=^/${agentContainerName(cluster.dataDir)}$`))

let cluster: Cluster
let home: string
let node: string
let instance: string
let socket: { gid: number; mode: number }

const oneAgent = () => until('exactly one agent container', () => Promise.resolve(agents().length === 1 && agents()[0]))
const ready = () => until('two ready pods', async () => /2\/2/.test(await cluster.kubectl('get', 'deployment', 'web')))
const containers = () => lines(docker('ps', '-aq', '--no-trunc', '--filter', `label=dev.flotilla.instance=${instance}`))
const serviceAddress = () => cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
const answers = async () => {
  const address = await serviceAddress()
  return until(
    'the Service answers',
    async () => (await execute('curl', ['-s', '-m', '2', `http://${address}/`])).stdout,
  )
}

beforeAll(async () => {
  socket = statSync(SOCKET)
  run('useradd', '-m', '-G', 'docker', user)
  const group = Number(run('getent', 'group', 'docker').split(':')[2])
  chownSync(SOCKET, 0, group)
  chmodSync(SOCKET, 0o660)
  const [uid, gid] = [Number(run('id', '-u', user)), Number(run('id', '-g', user))]
  home = mkdtempSync(join(tmpdir(), 'flotilla-rootless-'))
  chownSync(home, uid, gid)
  // As version managers do it: Node lives in a folder of the user's.
  node = join(home, 'node')
  cpSync(realpathSync(process.execPath), node)
  const prefix = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--init-groups',
    '--reset-env',
    'env',
    '-u',
    'DOCKER_HOST',
  ]
  chmodSync(SOCKET, 0o600)
  cluster = await Cluster.start([], join(home, 'data'), prefix, node)
  await until('it is told', () => Promise.resolve(cluster.output.includes('not joined: this user may not use Docker')))
  chmodSync(SOCKET, 0o660)
  await cluster.nodeReady()
  await cluster.apply(webManifest(clientImage()))
  await ready()
  instance = readFileSync(join(cluster.dataDir, 'agent/data/instance-id'), 'utf8').trim()
  expect(containers()).toHaveLength(4)
})
afterAll(async () => {
  try {
    await cluster[Symbol.asyncDispose]()
  } finally {
    rmSync(home, { recursive: true, force: true })
    chownSync(SOCKET, 0, socket.gid)
    chmodSync(SOCKET, socket.mode & 0o777)
    run('userdel', '-r', user)
  }
})

describe('a user of the docker group without root', () => {
  it('runs no process of its own as root and no privileged container', () => {
    const pid = cluster.pid
    expect(run('ps', '-o', 'user:32=', '-p', String(pid))).toBe(user)
    const [id = ''] = agents()
    const [{ HostConfig }] = JSON.parse(docker('inspect', id)) as [
      { HostConfig: { Privileged: boolean; CapDrop: string[] } },
    ]
    expect(HostConfig.Privileged).toBe(false)
    expect(HostConfig.CapDrop).toEqual(['ALL'])
    expect(run('ps', '-eo', 'args').includes(`${node} ${process.cwd()}/out/agent/agent.cjs`)).toBe(true)
  })

  it('reaches Services, with volumes in memory that the containers see', async () => {
    expect(await answers()).toBe('hello\n')
    expect(await cluster.kubectl('exec', 'deploy/web', '--', 'grep', ' /ram ', '/proc/mounts')).toContain('tmpfs')
  })

  it('serves logs and exec', async () => {
    expect(await cluster.kubectl('logs', 'deploy/web')).toBe('started\n')
    expect(await cluster.kubectl('exec', 'deploy/web', '--', 'cat', '/ram/index.html')).toBe('hello\n')
  })

  it('loses its agent with a control plane that is killed, never a pod, and has exactly one agent after it', async () => {
    const before = containers()
    await cluster.kill()
    await until('no agent is left', () => Promise.resolve(agents().length === 0))
    expect(containers()).toEqual(before)
    await cluster.start()
    await cluster.nodeReady()
    await oneAgent()
    await ready()
    expect(containers()).toEqual(before)
    expect(await answers()).toBe('hello\n')
  })

  it('keeps its pods when it stops, and leaves nothing of root when it resets', async () => {
    const before = containers()
    await cluster.stop()
    expect(agents()).toEqual([])
    expect(containers()).toEqual(before)
    const { code, stderr } = await cluster.reset()
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(existsSync(cluster.dataDir)).toBe(false)
    expect(containers()).toEqual([])
  })
})
