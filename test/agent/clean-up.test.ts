// What an agent that was killed has left on the machine, also what comes late.
import { type IncomingMessage, request, createServer } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Docker from 'dockerode'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cleanUpNode } from '../../src/agent/clean-up.ts'
import { readConfig } from '../../src/agent/config.ts'
import { instanceId } from '../../src/agent/instance.ts'
import { DockerRuntime } from '../../src/agent/kubelet/runtime/docker/docker-runtime.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { temporaryFolder } from './support/node.ts'

const DOCKER = '/var/run/docker.sock'
let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

/** Docker's own socket, on which requests wait for what they are told to wait for. */
async function dockerBehind(path: string, before: (request: IncomingMessage) => Promise<void>): Promise<Disposable> {
  const server = createServer((incoming, response) => {
    void before(incoming).then(() => {
      const { method, url: target, headers } = incoming
      const outgoing = request({ socketPath: DOCKER, method, path: target, headers }, answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      outgoing.on('error', () => response.destroy())
      incoming.pipe(outgoing)
    })
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  return {
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('a container that Docker was asked for before the agent was killed, and makes later, does not stay', async () => {
  const dataDir = join(folder.path, 'data')
  const instance = instanceId(dataDir)
  let ask: () => void
  const asked = new Promise<void>(resolve => (ask = resolve))
  let make: () => void
  const wanted = new Promise<void>(resolve => (make = resolve))
  using _slow = await dockerBehind(join(folder.path, 'slow.sock'), async ({ url = '' }) => {
    if (!url.includes('/containers/create')) return
    ask()
    await wanted
  })
  const killed = await DockerRuntime.connect({
    socketPath: join(folder.path, 'slow.sock'),
    instance,
    clock: systemClock,
  })
  const sandbox = killed.createSandbox({
    pod: { uid: '00000000-0000-4000-8000-000000000001', name: 'late', namespace: 'default' },
    attempt: 0,
    hostname: 'late',
    hostNetwork: false,
    hostPID: false,
    hostIPC: false,
    shareProcessNamespace: false,
    sysctls: {},
  })
  await asked
  // It has looked once and found nothing when Docker makes what it was asked for.
  let lists = 0
  using _seen = await dockerBehind(join(folder.path, 'seen.sock'), async ({ url = '' }) => {
    if (!url.includes('/containers/json') || ++lists !== 2) return
    make()
    await sandbox
  })
  const path = join(folder.path, 'config.json')
  writeFileSync(path, JSON.stringify({ nodeName: 'box', servers: ['https://127.0.0.1:1'], caFile: path, certFile: path, keyFile: path, dataDir, dockerSocket: join(folder.path, 'seen.sock') })) // prettier-ignore
  const lines = await cleanUpNode(readConfig(path), { network: false })
  expect(lines).toContain('removed 1 pods (1 containers)')
  const filters = { label: [`dev.flotilla.instance=${instance}`] }
  expect(await new Docker({ socketPath: DOCKER }).listContainers({ all: true, filters })).toEqual([])
})

test('an identity that a power cut has emptied is made anew, and never empty', () => {
  const dataDir = join(folder.path, 'data')
  const first = instanceId(dataDir)
  expect(instanceId(dataDir)).toBe(first)
  writeFileSync(join(dataDir, 'instance-id'), '')
  expect(instanceId(dataDir)).toMatch(/^[0-9a-f-]{36}$/)
  expect(readFileSync(join(dataDir, 'instance-id'), 'utf8').trim()).toBe(instanceId(dataDir))
})
