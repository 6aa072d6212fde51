// Thousands of events of Docker's within a moment: what runs is left alone, Docker is hardly asked, nothing else waits,
// and what did happen among them is seen. Docker that is away for a while.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Event, type Pod } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { FaultyDocker } from './support/faulty-docker.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

const EVENTS = 20_000

let node: TestNode
let noisy: FaultyDocker
beforeAll(async () => {
  node = await TestNode.start()
  await node.stopAgent()
  const dockerSocket = join(node.folder.path, 'docker.sock')
  noisy = new FaultyDocker(dockerSocket)
  await node.startAgent({ dockerSocket })
  await eventually(() => noisy.isFollowed)
})
afterAll(async () => {
  await node?.[Symbol.asyncDispose]()
  await noisy?.[Symbol.asyncDispose]()
})

const idOf = (pod: Pod) => statusOf(pod).containerID!.replace('docker://', '')
const say = (pod: Pod, actions: readonly string[]) => noisy.say(pod.metadata.uid, idOf(pod), actions, EVENTS)

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
  const { lists, turnMs } = await during(() => say(pod, actions))
  expect(lists).toBeLessThan(EVENTS / 100)
  expect(turnMs).toBeLessThan(200)
  expect(statusOf(await node.get('calm'))).toEqual(statusOf(pod))
  await node.remove('calm')
})

it('a death among them is seen, and a pod that comes meanwhile starts', async () => {
  await node.run('dies')
  const pod = await node.ready('dies')
  const flood = say(pod, ['pause', 'unpause', 'start'])
  docker('kill', idOf(pod))
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
  const { lists } = await during(() => say(pod, ['start', 'pause']))
  expect(lists).toBeLessThan(EVENTS / 100)
  await removed
})

it('a Docker that is away is no fault of what runs: probes by commands restart nothing', async () => {
  const livenessProbe = { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60 }
  await node.run('probed', { containers: [{ ...node.container(), livenessProbe }] })
  const pod = await node.ready('probed')
  noisy.leave()
  await eventually(async () => {
    const { items } = await node.client.list(Event, { namespace: 'default' })
    const errored = items.filter(
      ({ involvedObject, message }) =>
        involvedObject.name === 'probed' &&
        message?.startsWith('Liveness probe errored and resulted in unknown state: '),
    )
    expect(errored.reduce((sum, { count = 1 }) => sum + count, 0)).toBeGreaterThanOrEqual(2)
  }, 60_000)
  noisy.comeBack()
  await node.run('after')
  await node.ready('after')
  expect(statusOf(await node.get('probed'))).toEqual(statusOf(pod))
  for (const name of ['probed', 'after']) await node.remove(name)
})
