// Thousands of events of Docker's within a moment: what runs is left alone, Docker is hardly asked, nothing else waits,
// and what did happen among them is seen.
import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

const EVENTS = 20_000
const AT_ONCE = 200

/** Docker's socket with one more at its end, into whose stream of events others can be put. */
class NoisyDocker implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #events: Socket | undefined
  /** Times that somebody asked what containers there are. */
  lists = 0

  constructor(path: string) {
    this.#server = createServer(client => this.#join(client)).listen(path)
  }

  #join(client: Socket): void {
    const engine = connect('/var/run/docker.sock')
    for (const socket of [client, engine]) {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.on('data', (data: Buffer) => {
      const head = data.toString('latin1')
      if (head.startsWith('GET /events')) this.#events = client
      if (head.startsWith('GET /containers/json')) this.lists++
    })
    client.pipe(engine).pipe(client)
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
  }

  get isFollowed(): boolean {
    return this.#events !== undefined
  }

  /** @param actions said of the container in turn; resolves when all were taken */
  async say(pod: Pod, actions: readonly string[]): Promise<void> {
    const stream = this.#events!
    const ID = statusOf(pod).containerID!.replace('docker://', '')
    const Attributes = { 'io.kubernetes.pod.uid': pod.metadata.uid }
    for (let at = 0; at < EVENTS; at += AT_ONCE) {
      const lines = Array.from({ length: AT_ONCE }, (_, i) =>
        JSON.stringify({ Type: 'container', Action: actions[(at + i) % actions.length], Actor: { ID, Attributes } }),
      ).join('\n')
      // A chunk of its own, between Docker's.
      if (!stream.write(`${(lines.length + 1).toString(16)}\r\n${lines}\n\r\n`)) await once(stream, 'drain')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

let node: TestNode
let noisy: NoisyDocker
beforeAll(async () => {
  node = await TestNode.start()
  await node.stopAgent()
  const dockerSocket = join(node.folder.path, 'docker.sock')
  noisy = new NoisyDocker(dockerSocket)
  await node.startAgent({ dockerSocket })
  await eventually(() => noisy.isFollowed)
})
afterAll(async () => {
  await node?.[Symbol.asyncDispose]()
  await noisy?.[Symbol.asyncDispose]()
})

/** @returns how often Docker was asked meanwhile, and the most processor time that one turn of the event loop took */
async function during(work: () => Promise<void>): Promise<{ lists: number; turnMs: number }> {
  const before = noisy.lists
  let turnMs = 0
  let last = process.cpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last)
    turnMs = Math.max(turnMs, (user + system) / 1e3)
    last = process.cpuUsage()
  }, 1)
  await work()
  clearInterval(timer)
  return { lists: noisy.lists - before, turnMs }
}

it.each([
  ['starts of what runs, which are no news', ['start']],
  ['pauses and their ends', ['pause', 'unpause']],
  ['deaths and starts that never were', ['die', 'start']],
])('%s: nothing is started again', async (_what, actions) => {
  await node.run('calm')
  const pod = await node.ready('calm')
  const { lists, turnMs } = await during(() => noisy.say(pod, actions))
  expect(lists).toBeLessThan(EVENTS / 100)
  expect(turnMs).toBeLessThan(200)
  expect(statusOf(await node.get('calm'))).toEqual(statusOf(pod))
  await node.remove('calm')
})

it('a death among them is seen, and a pod that comes meanwhile starts', async () => {
  await node.run('dies')
  const pod = await node.ready('dies')
  const flood = noisy.say(pod, ['pause', 'unpause', 'start'])
  docker('kill', statusOf(pod).containerID!.replace('docker://', ''))
  await node.run('comes')
  await node.until('dies', now => statusOf(now).restartCount === 1 && statusOf(now).ready)
  await node.ready('comes')
  await flood
  await node.remove('dies')
  await node.remove('comes')
})

it('while a pod stops they are counted, not kept', async () => {
  await node.run('slow', { terminationGracePeriodSeconds: 3, containers: [node.container('trap "" TERM; while :; do sleep 1; done')] }) // prettier-ignore
  const pod = await node.ready('slow')
  const removed = node.remove('slow')
  await node.until('slow', ({ metadata }) => metadata.deletionTimestamp !== undefined)
  const { lists } = await during(() => noisy.say(pod, ['start', 'pause']))
  expect(lists).toBeLessThan(EVENTS / 100)
  await removed
})
