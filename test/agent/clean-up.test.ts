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
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { temporaryFolder } from './support/node.ts'

const DOCKER = '/var/run/docker.sock'
let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

/**
 * Docker's own socket, on which requests wait for what they are told to wait for.
 * @param before answers with a status code of its own, or lets Docker answer
 */
async function dockerBehind(
  path: string,
  before: (request: IncomingMessage) => Promise<number | undefined>,
): Promise<Disposable> {
  const server = createServer((incoming, response) => {
    void before(incoming).then(code => {
      if (code !== undefined) return void response.writeHead(code).end('{"message":"not now"}')
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

const SANDBOX = {
  pod: { uid: '00000000-0000-4000-8000-000000000001', name: 'late', namespace: 'default' },
  attempt: 0,
  hostname: 'late',
  hostNetwork: false,
  hostPID: false,
  hostIPC: false,
  shareProcessNamespace: false,
  sysctls: {},
}
function configOf(dataDir: string, dockerSocket: string) {
  const path = join(folder.path, 'config.json')
  writeFileSync(path, JSON.stringify({ nodeName: 'box', servers: ['https://127.0.0.1:1'], caFile: path, certFile: path, keyFile: path, dataDir, dockerSocket })) // prettier-ignore
  return readConfig(path)
}

test('a container that Docker was asked for before the agent was killed, and makes later, does not stay', async () => {
  const dataDir = join(folder.path, 'data')
  const instance = instanceId(dataDir)
  let ask: () => void
  const asked = new Promise<void>(resolve => (ask = resolve))
  let make: () => void
  const wanted = new Promise<void>(resolve => (make = resolve))
  using _slow = await dockerBehind(join(folder.path, 'slow.sock'), async ({ url = '' }) => {
    if (!url.includes('/containers/create')) return undefined
    ask()
    await wanted
    return undefined
  })
  const killed = await DockerRuntime.connect({
    socketPath: join(folder.path, 'slow.sock'),
    instance,
    clock: systemClock,
  })
  const sandbox = killed.createSandbox(SANDBOX)
  await asked
  // It has looked once and found nothing when Docker makes what it was asked for.
  let lists = 0
  using _seen = await dockerBehind(join(folder.path, 'seen.sock'), async ({ url = '' }) => {
    if (!url.includes('/containers/json') || ++lists !== 2) return undefined
    make()
    await sandbox
    return undefined
  })
  const lines = await cleanUpNode(configOf(dataDir, join(folder.path, 'seen.sock')), { network: false })
  expect(lines).toContain('removed 1 pods (1 containers)')
  const filters = { label: [`dev.flotilla.instance=${instance}`] }
  expect(await new Docker({ socketPath: DOCKER }).listContainers({ all: true, filters })).toEqual([])
})

test('a container that Docker says it is removing, and never does, ends the clean-up with what to do', async () => {
  const dataDir = join(folder.path, 'data')
  const runtime = await DockerRuntime.connect({ socketPath: DOCKER, instance: instanceId(dataDir), clock: systemClock })
  const id = await runtime.createSandbox(SANDBOX)
  using _stuck = await dockerBehind(join(folder.path, 'stuck.sock'), ({ method }) =>
    Promise.resolve(method === 'DELETE' ? 409 : undefined),
  )
  let looks = 0
  const hurried: Clock = {
    ...systemClock,
    monotonic: () => looks * 10_000,
    after(_ms, callback) {
      looks++
      const soon = setImmediate(callback)
      return () => clearImmediate(soon)
    },
  }
  const config = configOf(dataDir, join(folder.path, 'stuck.sock'))
  await expect(cleanUpNode(config, { network: false, clock: hurried })).rejects.toThrow(
    `does not remove ${id}: restart it, and do this again`,
  )
  expect(looks).toBe(6)
  expect(await cleanUpNode(configOf(dataDir, DOCKER), { network: false })).toContain('removed 1 pods (1 containers)')
})

test('an identity that a power cut has emptied is made anew, and never empty', () => {
  const dataDir = join(folder.path, 'data')
  const first = instanceId(dataDir)
  expect(instanceId(dataDir)).toBe(first)
  writeFileSync(join(dataDir, 'instance-id'), '')
  expect(instanceId(dataDir)).toMatch(/^[0-9a-f-]{36}$/)
  expect(readFileSync(join(dataDir, 'instance-id'), 'utf8').trim()).toBe(instanceId(dataDir))
})
