// Commands on hosts that need none to be there: names, and `flotilla image load` that is stopped. An engine that never comes to an end of the image stands for a large one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster, cli, repository, until } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-image-load-'))
const socket = join(folder, 'docker.sock')
const temporary = join(folder, 'tmp')
let cluster: Cluster
let engine: Server

beforeAll(async () => {
  mkdirSync(temporary)
  engine = createServer(({ url = '' }, answer) => {
    if (/\/images\/.*\/get/.test(url)) return void answer.write(Buffer.alloc(512, 'a'))
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ Id: 'sha256:1', Architecture: 'amd64', Size: 1 }))
  }).listen(socket)
  cluster = await Cluster.start(['--no-local-node'])
  await cluster.apply('apiVersion: flotilla.dev/v1\nkind: Host\nmetadata: {name: box}\nspec: {address: root@192.0.2.1}')
  await cluster.kubectl('patch', 'host', 'box', '--subresource=status', '--type=merge', '-p', '{"status":{"nodeName":"box"}}') // prettier-ignore
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  engine?.closeAllConnections()
  engine?.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'image load that is stopped by %s leaves nothing behind',
  async signal => {
    const args = ['image', 'load', 'web:1', '--data-dir', cluster.dataDir]
    const child = spawn(process.execPath, [join(repository, 'out/main/cli.js'), ...args], {
      env: { ...process.env, DOCKER_HOST: `unix://${socket}`, TMPDIR: temporary },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
    await until('it has begun', () => Promise.resolve(readdirSync(temporary).length > 0))
    child.kill(signal)
    expect(await ended).toEqual([130, null])
    expect(stderr).toBe('flotilla: stopped\n')
    expect(readdirSync(temporary)).toEqual([])
  },
)

test('a node that joined by itself is told from a name that is nobody’s', async () => {
  await cluster.apply('apiVersion: v1\nkind: Node\nmetadata: {name: far}')
  for (const command of ['show', 'logs', 'restart']) {
    const here = ['--data-dir', cluster.dataDir]
    const { code, stderr } = await cli('node', command, 'far', ...here)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'flotilla: far is a node that is not over SSH; what is known of it: kubectl describe node far; to take it out: flotilla node remove far --forget\n' }) // prettier-ignore
    expect((await cli('node', command, 'nobody', ...here)).stderr).toBe('flotilla: there is no host nobody; see: flotilla node list\n') // prettier-ignore
  }
})
