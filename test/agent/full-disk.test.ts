// A node whose disk is full: what is there runs on, what comes waits or is refused with the reason, and all is well again
// with the first room.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConfigMap, Event, Node } from '../../src/shared/api/core/v1.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

/** Five minutes ahead when it is told to. */
class JumpingClock implements Clock {
  ahead = 0
  now = () => systemClock.now() + this.ahead
  monotonic = () => systemClock.monotonic() + this.ahead
  after = (delayMs: number, run: () => void) => systemClock.after(delayMs, run)
}
const TRANSITION_MS = 300_000

const clock = new JumpingClock()
let node: TestNode
let data: string
const metadata = { name: 'large', namespace: 'default' }
beforeAll(async () => {
  node = await TestNode.start()
  data = join(node.folder.path, 'data')
  await node.client.create(ConfigMap, { metadata, data: { file: 'x'.repeat(200_000) } })
  await node.stopAgent()
  // A disk of its own for what the agent keeps.
  const kept = execFileSync('tar', ['-c', '-C', data, '.'])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data])
  execFileSync('tar', ['-x', '-C', data], { input: kept })
})
afterAll(() => node?.[Symbol.asyncDispose]())

const filler = () => join(data, 'filler')
function fill(): void {
  let bytes = 1 << 20
  for (let at = 0; bytes >= 4096; at += bytes) {
    try {
      writeFileSync(filler(), Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      bytes >>= 1
    }
  }
}
const withFiles = () => ({
  volumes: [{ name: 'v', configMap: { name: 'large' } }],
  containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
})
const eventsOf = async (name: string) =>
  (await node.client.list(Event, { namespace: 'default' })).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
it('a pod whose files find no room says so and waits; those that run do not notice', async () => {
  await node.startAgent({ evictionHard: { 'nodefs.available': '0%' } })
  await node.run('before')
  const before = await node.ready('before')
  fill()
  await node.run('waits', withFiles())
  await eventually(
    async () => expect((await eventsOf('waits')).join('\n')).toMatch(/FailedMount: .*"v".*ENOSPC/),
    30_000,
  )
  expect((await node.get('waits')).status.phase).toBe('Pending')
  expect(statusOf(await node.get('before'))).toEqual(statusOf(before))
  rmSync(filler())
  await node.ready('waits')
  await node.remove('waits')
  await node.remove('before')
})

const condition = async () =>
  (await node.client.get(Node, { name: node.nodeName })).status.conditions?.find(({ type }) => type === 'DiskPressure')

it('a node that runs short says so, frees what it may, ends the pods that use most, and takes no more', async () => {
  await node.stopAgent()
  await node.startAgent({}, clock)
  await node.run('finished', { restartPolicy: 'Never', containers: [node.container('echo bye')] })
  const finished = await node.until('finished', ({ status }) => status.phase === 'Succeeded')
  await node.run('greedy', { volumes: [{ name: 'v', emptyDir: {} }] })
  await node.ready('greedy')
  fill()
  const evicted = await node.until('greedy', ({ status }) => status.phase === 'Failed')
  expect(evicted.status).toMatchObject({
    reason: 'Evicted',
    message: expect.stringMatching(
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+Ki, available: \d+Ki\. /,
    ) as string,
  })
  await eventually(
    async () => expect(await condition()).toMatchObject({ status: 'True', reason: 'KubeletHasDiskPressure' }),
    40_000,
  )
  expect(docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${finished.metadata.uid}`)).toBe('')
  expect(statusOf(await node.get('finished'))).toEqual(statusOf(finished))
  await node.run('refused')
  const refused = await node.until('refused', ({ status }) => status.phase === 'Failed')
  expect(refused.status).toMatchObject({
    reason: 'Evicted',
    message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
  })
})

it('with room again it is short for five minutes more, so that it does not flap, and takes pods after that', async () => {
  rmSync(filler())
  await node.run('early')
  const early = await node.until('early', ({ status }) => status.phase === 'Failed')
  expect(early.status.message).toBe('Pod was rejected: The node had condition: [DiskPressure]. ')
  expect(await condition()).toMatchObject({ status: 'True' })
  clock.ahead = TRANSITION_MS + 10_000
  await eventually(
    async () =>
      expect(await condition()).toMatchObject({
        status: 'False',
        reason: 'KubeletHasNoDiskPressure',
        message: 'kubelet has no disk pressure',
      }),
    40_000,
  )
  await eventually(async () => {
    expect(await eventsOf(node.nodeName)).toContain(
      `NodeHasNoDiskPressure: Node ${node.nodeName} status is now: NodeHasNoDiskPressure`,
    )
  })
  await node.run('late')
  await node.ready('late')
})
