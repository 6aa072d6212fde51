// Who is tried again when room is made: by preemption for the one to whom it is promised, or by whoever leaves.
import { describe, expect, test } from 'vitest'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { DEFAULT_ARGS } from '../../../src/main/scheduler/config/plugin-args.ts'
import { eventMatches, leftNode } from '../../../src/main/scheduler/framework/cluster-event.ts'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { findFeasible } from '../../../src/main/scheduler/framework/run-plugins.ts'
import { nodeResourcesFit } from '../../../src/main/scheduler/plugins/node-resources-fit/node-resources-fit.ts'
import { SchedulingQueue } from '../../../src/main/scheduler/queue/scheduling-queue.ts'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { makeNode, makePod } from './fixtures.ts'

const fit = nodeResourcesFit(DEFAULT_ARGS.NodeResourcesFit, { deviceClasses: new ObjectCache() })
const oneCpu = (name: string, priority = 0) => makePod(name, { requests: { cpu: '1' }, spec: { priority } })

/** Nodes of one cpu each, with the pods that they run. */
function cluster(nodes: Record<string, readonly Pod[]>) {
  const cache = new SchedulerCache()
  for (const [name, pods] of Object.entries(nodes)) {
    cache.setNode(makeNode(name, { allocatable: { cpu: '1' } }))
    for (const pod of pods) cache.setPod({ ...pod, spec: { ...pod.spec, nodeName: name } })
  }
  const queue = new SchedulingQueue({
    clock: new ManualClock(),
    view: cache,
    gateOf: () => undefined,
    hintsOf: () => fit.requeueOn,
    onActive: () => undefined,
  })
  const leave = (pod: Pod, nodeName: string) => {
    cache.removePod(pod.metadata.uid)
    queue.moveOn(leftNode(pod, nodeName))
  }
  const reject = (pod: Pod) => {
    queue.add(pod)
    queue.reject(queue.pop()!, [fit.name])
  }
  return { cache, queue, leave, reject }
}

describe('a pod that waits for resources', () => {
  const helps = (cache: SchedulerCache, pod: Pod, nodeName: string) =>
    fit.requeueOn!.some(hint => eventMatches(hint, leftNode(makePod('gone'), nodeName), pod, cache))

  test('is helped by a pod that leaves a node on which it fits then', () => {
    const { cache } = cluster({ empty: [], full: [oneCpu('low')] })
    expect(helps(cache, oneCpu('p'), 'empty')).toBe(true)
    expect(helps(cache, oneCpu('p'), 'full')).toBe(false)
    expect(helps(cache, oneCpu('p'), 'unheard-of')).toBe(false)
  })

  test('is not helped where the room is promised to another that matters as much, but is once that promise is dropped', () => {
    const { cache } = cluster({ n: [] })
    const other = oneCpu('other', 5)
    cache.nominate(podInfoOf(other), 'n')
    expect(helps(cache, oneCpu('p', 5), 'n')).toBe(false)
    expect(helps(cache, oneCpu('more-important', 6), 'n')).toBe(true)
    cache.dropNomination(other.metadata.uid)
    expect(helps(cache, oneCpu('p', 5), 'n')).toBe(true)
  })
})

describe('a pod for which preemption makes room', () => {
  test('goes as soon as a pod leaves the node promised to it, however many wait', () => {
    const low = oneCpu('low')
    const { cache, queue, leave, reject } = cluster({ n: [low], other: [] })
    for (let i = 0; i <= 100; i++) reject(oneCpu(`crowd-${i}`))
    const preemptor = oneCpu('preemptor', 5)
    reject(preemptor)
    queue.moveOn({ kind: 'Node', action: 'added', object: makeNode('tiny') })
    expect(queue.pop()).toBeUndefined()
    cache.nominate(podInfoOf(preemptor), 'n')
    reject(preemptor)
    leave(low, 'n')
    expect(queue.pop()?.pod).toBe(preemptor)
  })

  test('also out of a backoff in which something else that might help it has put it', () => {
    const low = oneCpu('low')
    const { cache, queue, leave, reject } = cluster({ n: [low], other: [] })
    for (let i = 0; i <= 100; i++) reject(oneCpu(`crowd-${i}`))
    const preemptor = oneCpu('preemptor', 5)
    cache.nominate(podInfoOf(preemptor), 'n')
    reject(preemptor)
    queue.moveOn({ kind: 'Node', action: 'added', object: makeNode('tiny') })
    expect(queue.placeOf(preemptor.metadata.uid)?.state).toBe('Backoff')
    leave(low, 'n')
    expect(queue.pop()?.pod).toBe(preemptor)
  })

  test('also when the victim left before its own cycle was over', () => {
    const low = oneCpu('low')
    const { cache, queue, leave } = cluster({ n: [low] })
    const preemptor = oneCpu('preemptor', 5)
    queue.add(preemptor)
    const queued = queue.pop()!
    cache.nominate(podInfoOf(preemptor), 'n')
    leave(low, 'n')
    queue.reject(queued, [fit.name])
    expect(queue.placeOf(preemptor.metadata.uid)?.state).toBe('Active')
  })

  test('is left alone by victims of others', () => {
    const [mine, theirs] = [oneCpu('mine'), oneCpu('theirs')]
    const { cache, queue, leave, reject } = cluster({ n: [mine], m: [theirs] })
    const [a, b] = [oneCpu('a', 5), oneCpu('b', 5)]
    cache.nominate(podInfoOf(a), 'n')
    cache.nominate(podInfoOf(b), 'm')
    reject(a)
    leave(theirs, 'm')
    expect(queue.placeOf(a.metadata.uid)?.state).toBe('Unschedulable')
    leave(mine, 'n')
    expect(queue.placeOf(a.metadata.uid)?.state).toBe('Active')
  })

  test('takes the node promised to it without a look at others, and looks at all while it does not fit there', () => {
    const low = oneCpu('low')
    const { cache } = cluster({ a: [], promised: [low], c: [] })
    const preemptor = podInfoOf(oneCpu('preemptor', 5))
    cache.nominate(preemptor, 'promised')
    const profile = { schedulerName: 'default-scheduler', plugins: [{ plugin: fit, weight: 1 }] }
    const feasible = () => findFeasible(profile, new CycleState(), preemptor, cache, 0).feasible.map(({ name }) => name)
    expect(feasible()).toEqual(['a', 'c'])
    cache.removePod(low.metadata.uid)
    expect(feasible()).toEqual(['promised'])
  })
})
