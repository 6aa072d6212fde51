// The machine shuts down: who ends when, what becomes of them, and what comes back. The signal is the test's own; that of
// systemd-logind is in test/hosts/kubelet.test.ts.
import { EventEmitter, on } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ShutdownSource, beginsShutdown } from '../../src/agent/kubelet/shutdown/logind.ts'
import { graceSecondsOf, gracePeriods, shutdownPhases } from '../../src/agent/kubelet/shutdown/phases.ts'
import { Event, Node, Pod } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

/** Shutdowns as the test tells them. */
class ToldShutdowns implements ShutdownSource {
  readonly #events = new EventEmitter()
  locks = 0
  prepare = () => Promise.resolve(true)
  restore = () => Promise.resolve()
  tell = (begins: boolean) => void this.#events.emit('shutdown', begins)
  inhibit() {
    this.locks++
    return { release: () => Promise.resolve(void this.locks--) }
  }
  async *shutdowns(signal: AbortSignal) {
    for await (const [begins] of on(this.#events, 'shutdown', { signal })) yield begins as boolean
  }
}

let node: TestNode
const namespace = 'default'
beforeAll(async () => {
  node = await TestNode.start()
  await node.stopAgent()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const running = (pod: Pod) =>
  docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`).split('\n').filter(Boolean).length
const finishedAt = (pod: Pod) => Date.parse(statusOf(pod).state?.terminated?.finishedAt ?? '')
const ends = (seconds: number) => `trap 'sleep ${seconds}; exit 0' TERM; sleep 100000 & wait`

describe('a shutdown of the machine', () => {
  it('ends ordinary pods first, then critical ones, and tells what became of them', async () => {
    const told = new ToldShutdowns()
    await node.startAgent({}, systemClock, told)
    await node.run('ordinary', { terminationGracePeriodSeconds: 10, containers: [node.container(ends(1))] })
    await node.client.create(Pod, {
      metadata: { name: 'critical', namespace: 'kube-system' },
      spec: { nodeName: node.nodeName, priority: 2_000_001_000, containers: [node.container()] },
    })
    const before = await node.ready('ordinary')
    const isUp = (pod: Pod) => conditionOf(pod.status.conditions, 'Ready')?.status === 'True'
    const getCritical = () => node.client.get(Pod, { namespace: 'kube-system', name: 'critical' })
    await eventually(async () => isUp(await getCritical()))
    expect(told.locks).toBe(1)
    told.tell(true)
    const ended = await node.until('ordinary', ({ status }) => status.phase === 'Failed')
    expect(ended.status).toMatchObject({
      reason: 'Terminated',
      message: 'Pod was terminated in response to imminent node shutdown.',
    })
    expect(conditionOf(ended.status.conditions, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
    })
    await eventually(() => told.locks === 0)
    const last = await getCritical()
    expect(last.status).toMatchObject({ phase: 'Failed', reason: 'Terminated' })
    expect(finishedAt(last)).toBeGreaterThanOrEqual(finishedAt(ended))
    expect(running(before) + running(last)).toBe(0)
    const { status } = await node.client.get(Node, { name: node.nodeName })
    expect(conditionOf(status.conditions, 'Ready')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('node is shutting down') as string,
    })
    await node.run('late')
    const late = await node.until('late', pod => pod.status.phase === 'Failed')
    expect(late.status).toMatchObject({
      reason: 'NodeShutdown',
      message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
    })
    const reasons = async () =>
      (await node.client.list(Event)).items
        .filter(({ involvedObject }) => involvedObject.kind === 'Node')
        .map(({ reason }) => reason)
    await eventually(async () => (await reasons()).includes('NodeShutdown'))

    // Called off: the node is as before, what ended stays ended.
    told.tell(false)
    await eventually(() => told.locks === 1)
    await node.run('again')
    await node.ready('again')
    expect((await node.get('ordinary')).status.phase).toBe('Failed')
    for (const name of ['ordinary', 'late', 'again']) await node.remove(name)
    await node.client.delete(Pod, { namespace: 'kube-system', name: 'critical' })
    await node.stopAgent()
  })

  it('lets pods rest that the API cannot be told about: they are back with the machine', async () => {
    const told = new ToldShutdowns()
    await node.startAgent({}, systemClock, told)
    await node.run('rests')
    const pod = await node.ready('rests')
    await node.stopApi()
    told.tell(true)
    await eventually(() => told.locks === 0)
    expect(running(pod)).toBe(0)
    await node.stopAgent()
    await node.startAgent()
    await eventually(() => running(pod) === 2)
    expect(node.agent.kubelet.pod(namespace, 'rests')?.status.phase).not.toBe('Failed')
  })
})

describe('the order of a shutdown', () => {
  const pod = (name: string, priority: number) => ({ metadata: { name }, spec: { priority } }) as unknown as Pod
  const names = (phases: ReturnType<typeof shutdownPhases>) =>
    phases.map(({ seconds, pods }) => `${seconds}: ${pods.map(({ metadata }) => metadata.name).join(' ')}`)

  it('is by priority, each group with a time of its own', () => {
    const pods = [pod('critical', 2_000_000_500), pod('plain', 0), pod('below', -5), pod('high', 1_000)]
    expect(names(shutdownPhases(gracePeriods(30, 10), pods))).toEqual(['20: plain below high', '10: critical'])
    const periods = [
      { priority: 1_000, seconds: 5 },
      { priority: 0, seconds: 60 },
    ]
    expect(names(shutdownPhases(periods, pods))).toEqual(['60: plain below', '5: critical high'])
  })
  it('gives no pod more than its group has', () => {
    const slow = { ...pod('slow', 0), spec: { terminationGracePeriodSeconds: 120, containers: [] } }
    expect(graceSecondsOf(slow, 20)).toBe(20)
    expect(graceSecondsOf(slow, 200)).toBe(120)
  })
  it('begins with a signal of logind, and with nothing else on the bus', () => {
    const signal = (member: string, data: unknown[]) => JSON.stringify({ type: 'signal', member, payload: { data } })
    expect(beginsShutdown(signal('PrepareForShutdown', [true]))).toBe(true)
    expect(beginsShutdown(signal('PrepareForShutdown', [false]))).toBe(false)
    expect(beginsShutdown(signal('PrepareForSleep', [true]))).toBeUndefined()
    expect(beginsShutdown('Monitoring bus message stream.')).toBeUndefined()
  })
})
