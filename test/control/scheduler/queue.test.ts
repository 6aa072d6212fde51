import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import { on } from '../../../src/main/scheduler/framework/cluster-event.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { Heap } from '../../../src/main/scheduler/queue/heap.ts'
import { SchedulingQueue } from '../../../src/main/scheduler/queue/scheduling-queue.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { makeNode, makePod } from './fixtures.ts'

describe('heap', () => {
  test('gives items in order whatever was added, replaced and taken out of the middle', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 12 }), rank: fc.integer(), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const heap = new Heap<{ key: string; rank: number }>(
          item => item.key,
          (a, b) => a.rank < b.rank,
        )
        const model = new Map<string, number>()
        for (const { key, rank, remove } of steps) {
          if (remove) {
            expect(heap.delete(String(key))?.rank).toBe(model.get(String(key)))
            model.delete(String(key))
          } else {
            heap.push({ key: String(key), rank })
            model.set(String(key), rank)
          }
          expect(heap.size).toBe(model.size)
        }
        const out: number[] = []
        for (let item = heap.pop(); item; item = heap.pop()) out.push(item.rank)
        expect(out).toEqual([...model.values()].sort((a, b) => a - b))
      }),
    )
  })
})

function start() {
  const clock = new ManualClock()

  let woken = 0
  const queue = new SchedulingQueue({
    clock,
    view: new SchedulerCache(),
    gateOf: pod => (pod.spec.schedulingGates?.length ? 'SchedulingGates' : undefined),
    hintsOf: plugin => (plugin === 'NodeName' ? [on('Node', ['added'])] : undefined),
    onActive: () => woken++,
  })
  return { clock, queue, woken: () => woken }
}
const nodeAdded = { kind: 'Node', action: 'added', object: makeNode('n') } as const
const podDeleted = { kind: 'Pod', action: 'deleted', object: makePod('gone') } as const

describe('scheduling queue', () => {
  test('gives higher priority first, and who came first among equals, also in the same millisecond', () => {
    const { queue } = start()
    for (const name of ['a', 'b', 'c', 'd']) queue.add(makePod(name))
    queue.add(makePod('urgent', { spec: { priority: 7 } }))
    const names = [1, 2, 3, 4, 5].map(() => queue.pop()?.pod.metadata.name)
    expect(names).toEqual(['urgent', 'a', 'b', 'c', 'd'])
    expect(queue.pop()).toBeUndefined()
  })

  test('a rejected pod waits for an event that its plugins say may help', async () => {
    const { queue, clock } = start()
    queue.add(makePod('a'))
    queue.reject(queue.pop()!, ['NodeName'])
    expect(queue.depth).toMatchObject({ active: 0, unschedulable: 1 })
    queue.moveOn(podDeleted)
    expect(queue.depth).toMatchObject({ unschedulable: 1 })
    queue.moveOn(nodeAdded)
    expect(queue.depth).toMatchObject({ unschedulable: 0, backoff: 1 })
    await clock.advance(1_000)
    expect(queue.depth).toMatchObject({ backoff: 0, active: 1 })
  })

  test('an event is asked about those pods alone whose plugins listen to its kind', () => {
    const asked: string[] = []
    const helps = ({ metadata: { name } }: Pod) => {
      asked.push(name)
      return true
    }
    const queue = new SchedulingQueue({
      clock: new ManualClock(),
      view: new SchedulerCache(),
      gateOf: () => undefined,
      hintsOf: plugin => [plugin === 'NodeName' ? on('Node', ['added'], helps) : on('Pod', ['deleted'], helps)],
      onActive: () => undefined,
    })
    for (const [name, plugins] of [
      ['lost', ['NodeName']],
      ['squeezed', ['NodeResourcesFit']],
      ['both', ['NodeName', 'NodeResourcesFit']],
    ] as const) {
      queue.add(makePod(name))
      const queued = queue.pop()
      if (queued) queue.reject(queued, plugins)
    }
    queue.moveOn({ ...podDeleted, action: 'added' })
    expect(asked).toEqual([])
    queue.moveOn(podDeleted)
    expect(asked).toEqual(['squeezed', 'both'])
    queue.moveOn(nodeAdded)
    expect(asked).toEqual(['squeezed', 'both', 'lost'])
    expect(queue.depth).toMatchObject({ unschedulable: 0 })
    queue[Symbol.dispose]()
  })

  test('an event during the cycle does not strand the pod', () => {
    const { queue } = start()
    queue.add(makePod('a'))
    const queued = queue.pop()!
    queue.moveOn(nodeAdded)
    queue.reject(queued, ['NodeName'])
    expect(queue.depth).toMatchObject({ unschedulable: 0, backoff: 1 })
  })

  test('an event before the cycle began does not count', () => {
    const { queue } = start()
    queue.add(makePod('early'))
    queue.pop()
    queue.moveOn(nodeAdded)
    queue.add(makePod('late'))
    queue.reject(queue.pop()!, ['NodeName'])
    expect(queue.depth).toMatchObject({ unschedulable: 1, backoff: 0 })
  })

  test('a pod that something may have helped does not sit out its backoff while nothing else is active', () => {
    const { queue, woken } = start()
    queue.add(makePod('a'))
    queue.reject(queue.pop()!, ['NodeName'])
    const before = woken()
    queue.moveOn(nodeAdded)
    expect(woken()).toBe(before + 1)
    queue.add(makePod('b'))
    expect([queue.pop(), queue.pop(), queue.pop()].map(queued => queued?.pod.metadata.name)).toEqual([
      'b',
      'a',
      undefined,
    ])
  })

  test('a pod after an error does, and so does a crowd', async () => {
    const { queue, clock } = start()
    queue.add(makePod('failed'))
    queue.retryLater(queue.pop()!)
    expect(queue.pop()).toBeUndefined()
    await clock.advance(1_000)
    expect(queue.pop()?.pod.metadata.name).toBe('failed')
    for (let i = 0; i <= 100; i++) {
      queue.add(makePod(`pod-${i}`))
      queue.reject(queue.pop()!, ['NodeName'])
    }
    queue.moveOn(nodeAdded)
    expect(queue.depth).toMatchObject({ backoff: 101 })
    expect(queue.pop()).toBeUndefined()
    await clock.advance(1_000)
    expect(queue.depth).toMatchObject({ active: 101 })
  })

  test('backoff doubles from 1 s to at most 10 s, counted from the failed attempt', async () => {
    const { queue, clock } = start()
    queue.add(makePod('a'))
    await clock.advance(60_000) // waiting for its turn is no excuse
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      queue.retryLater(queue.pop()!)
      await clock.advance(pauseMs - 1)
      expect(queue.depth.active).toBe(0)
      await clock.advance(1)
      expect(queue.depth.active).toBe(1)
    }
  })

  test('a pod that nothing helped is tried again after five minutes', async () => {
    const { queue, clock } = start()
    queue.add(makePod('a'))
    queue.reject(queue.pop()!, ['NodeName'])
    await clock.advance(299_999)
    expect(queue.depth).toMatchObject({ unschedulable: 1 })
    await clock.advance(1)
    expect(queue.depth).toMatchObject({ unschedulable: 0, active: 1 })
  })

  test('a gated pod waits aside until its gates are gone', () => {
    const { queue } = start()
    const pod = makePod('a', { spec: { schedulingGates: [{ name: 'g' }] } })
    queue.add(pod)
    expect(queue.depth).toMatchObject({ active: 0, gated: 1 })
    queue.update({ ...pod, spec: { ...pod.spec, schedulingGates: [] } }, true)
    expect(queue.depth).toMatchObject({ active: 1, gated: 0 })
  })

  test('a pod that may not be tried any more waits aside rather than in backoff', () => {
    const { queue } = start()
    const pod = makePod('a')
    queue.add(pod)
    const queued = queue.pop()!
    queue.update({ ...pod, spec: { ...pod.spec, schedulingGates: [{ name: 'g' }] } }, false)
    queue.reject(queued, ['NodeName'])
    queue.moveOn(nodeAdded)
    expect(queue.depth).toMatchObject({ backoff: 0, gated: 1 })
    queue.update(pod, false)
    expect(queue.depth).toMatchObject({ active: 1, gated: 0 })
  })

  test('a pod deleted during its cycle does not come back', () => {
    const { queue } = start()
    const pod = makePod('a')
    for (const end of ['reject', 'retryLater'] as const) {
      queue.add(pod)
      const queued = queue.pop()!
      queue.delete(pod.metadata.uid)
      queue[end](queued, ['NodeName'])
      expect(queue.depth).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 0 })
    }
  })

  test('leaves no timer behind', () => {
    const { queue, clock } = start()
    queue.add(makePod('a'))
    const queued = queue.pop()!
    queue[Symbol.dispose]()
    queue.reject(queued, ['NodeName'])
    expect(clock.pending).toBe(0)
  })
})
