// How many nodes a large cluster is searched for, and that every node gets its turn.
import { describe, expect, test } from 'vitest'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import type { Profile } from '../../../src/main/scheduler/framework/profile.ts'
import { findFeasible, nodesToFind } from '../../../src/main/scheduler/framework/run-plugins.ts'
import { imageLocality } from '../../../src/main/scheduler/plugins/image-locality/image-locality.ts'
import { nodeAffinity } from '../../../src/main/scheduler/plugins/node-affinity/node-affinity.ts'
import { nodeUnschedulable } from '../../../src/main/scheduler/plugins/node-unschedulable/node-unschedulable.ts'
import { makeNode, makePod } from './fixtures.ts'

describe('of nodes that fit, the search is over with', () => {
  test.each([
    [99, 0, 99],
    [100, 0, 100],
    [200, 0, 100],
    [250, 0, 120],
    [1_000, 0, 420],
    [5_000, 0, 500],
    [6_000, 0, 300],
    [1_000, 70, 700],
    [1_000, 1, 100],
    [50, 10, 50],
    [200, 100, 200],
  ])('of %i nodes at percentageOfNodesToScore %i: %i', (total, percentage, wanted) => {
    expect(nodesToFind(total, percentage)).toBe(wanted)
  })
})

const unschedulable = { plugin: nodeUnschedulable, weight: 0 }
const images = { plugin: imageLocality, weight: 1 }

test('the next search begins where the last one ended, so that nodes take turns; those that do not fit are stepped over', () => {
  const cache = new SchedulerCache()
  const isClosed = (i: number) => i % 3 === 0
  for (let i = 0; i < 300; i++) cache.setNode(makeNode(`n${i}`, isClosed(i) ? { spec: { unschedulable: true } } : {}))
  const profile: Profile = { schedulerName: 'default-scheduler', plugins: [unschedulable, images] }
  const seen = new Set<string>()
  let start = 0
  const search = () => {
    const found = findFeasible(profile, new CycleState(), podInfoOf(makePod('p')), cache, start, 40)
    start = found.nextStart
    for (const { name } of found.feasible) seen.add(name)
    return found.feasible.length
  }
  expect(search()).toBe(120)
  expect(start).toBe(180)
  expect(search()).toBe(120)
  expect(start).toBe(60)
  expect(seen.size).toBe(200)
})

describe('where no plugin scores', () => {
  const cache = new SchedulerCache()
  for (let i = 0; i < 10; i++) cache.setNode(makeNode(`n${i}`, i < 3 ? { spec: { unschedulable: true } } : {}))
  const profile: Profile = { schedulerName: 'default-scheduler', plugins: [unschedulable] }
  const search = (given: Profile, start: number) => {
    const found = findFeasible(given, new CycleState(), podInfoOf(makePod('p')), cache, start)
    return { names: found.feasible.map(({ name }) => name), nextStart: found.nextStart }
  }

  test('the first node that fits is taken, and the next pod gets the one after it', () => {
    expect(search(profile, 0)).toEqual({ names: ['n3'], nextStart: 4 })
    expect(search(profile, 4)).toEqual({ names: ['n4'], nextStart: 5 })
  })

  test('extenders that rule out or score are given all that fit', () => {
    expect(search({ ...profile, extendersChoose: true }, 0).names).toHaveLength(7)
  })
})

test('pods that name the nodes which they want are given the usual share of these', () => {
  const cache = new SchedulerCache()
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`)
  for (const name of names) cache.setNode(makeNode(name))
  const affinity = { plugin: nodeAffinity(undefined), weight: 2 }
  const profile: Profile = { schedulerName: 'default-scheduler', plugins: [affinity, images] }
  const wanting = (values: string[]) => {
    const matchFields = [{ key: 'metadata.name', operator: 'In', values }]
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } }
    const pod = podInfoOf(makePod('p', { spec: { affinity: { nodeAffinity: required } } }))
    return findFeasible(profile, new CycleState(), pod, cache, 0).feasible.length
  }
  expect(wanting(names.slice(0, 250))).toBe(120)
  expect(wanting(names.slice(290))).toBe(10)
})
