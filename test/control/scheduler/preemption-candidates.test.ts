// Which nodes preemption tries, and how many, before it chooses where pods have to go.
import { describe, expect, test } from 'vitest'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { DEFAULT_ARGS } from '../../../src/main/scheduler/config/plugin-args.ts'
import { choosePlugins } from '../../../src/main/scheduler/config/plugin-sets.ts'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { listersOf } from '../../../src/main/scheduler/framework/listers.ts'
import { having } from '../../../src/main/scheduler/framework/profile.ts'
import { findFeasible } from '../../../src/main/scheduler/framework/run-plugins.ts'
import { makeProfile } from '../../../src/main/scheduler/profiles.ts'
import type { Node, Pod } from '../../../src/shared/api/core/v1.ts'
import type { LabelSelector } from '../../../src/shared/api/meta/v1.ts'
import type { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type NodeParts, makeNode, makePod } from './fixtures.ts'

const client = {} as Client // what is chosen is not carried out
const clock = new ManualClock()
const node = (name: string, parts: NodeParts = {}) => makeNode(name, { allocatable: { cpu: '1' }, ...parts })
const victim = (parts: { guarded?: boolean; priority?: number } = {}) =>
  makePod('low', {
    requests: { cpu: '1' },
    labels: parts.guarded ? { app: 'guarded' } : { app: 'free' },
    spec: { priority: parts.priority ?? 0 },
  })
const usedUp = (selector: LabelSelector): PodDisruptionBudget =>
  ({
    metadata: { name: 'budget', namespace: 'default' },
    spec: { selector },
    status: { disruptionsAllowed: 0 },
  }) as unknown as PodDisruptionBudget

/** @returns where a pod of priority 10 that asks for one cpu is promised room, and what its user is told */
function preempt(
  nodes: readonly (readonly [Node, Pod?])[],
  parts: { absolute: number; percentage?: number; random?: number; nominated?: string; selector?: LabelSelector },
) {
  const { absolute, percentage = 0, random = 0, nominated } = parts
  const budget = usedUp(parts.selector ?? { matchLabels: { app: 'guarded' } })
  const cache = new SchedulerCache()
  for (const [given, running] of nodes) {
    cache.setNode(given)
    if (running) cache.setPod({ ...running, spec: { ...running.spec, nodeName: given.metadata.name } })
  }
  const listers = listersOf(new InformerFactory(client, clock))
  const profile = makeProfile(
    {
      client,
      clock,
      listers: { ...listers, disruptionBudgets: { ...listers.disruptionBudgets, list: () => [budget] } },
      events: { event: () => undefined },
      random: () => random,
      signal: new AbortController().signal,
    },
    {
      schedulerName: 'default-scheduler',
      plugins: choosePlugins(undefined),
      args: {
        ...DEFAULT_ARGS,
        DefaultPreemption: { minCandidateNodesAbsolute: absolute, minCandidateNodesPercentage: percentage },
      },
      percentageOfNodesToScore: 0,
    },
  )
  const state = new CycleState()
  const high = makePod('high', { requests: { cpu: '1' }, spec: { priority: 10 } })
  const pod = podInfoOf({ ...high, status: nominated === undefined ? {} : { nominatedNodeName: nominated } })
  const { feasible, statuses } = findFeasible(profile, state, pod, cache, 0)
  expect(feasible).toEqual([])
  const plugin = having(profile, 'postFilter').find(({ name }) => name === 'DefaultPreemption')!
  const { nominatedNodeName, status } = plugin.postFilter(state, pod, cache, statuses)
  return { nominatedNodeName, message: status.reasons.join() }
}

describe('preemption', () => {
  test('looks past enough candidates while each of them would break a disruption budget', () => {
    const guarded = ['a', 'b', 'c'].map(name => [node(name), victim({ guarded: true })] as const)
    const free = [node('free'), victim()] as const
    expect(preempt([...guarded, free], { absolute: 1 }).nominatedNodeName).toBe('free')
  })

  test('breaks a budget where nothing else makes room', () => {
    const guarded = ['a', 'b'].map(name => [node(name), victim({ guarded: true })] as const)
    expect(preempt(guarded, { absolute: 1 }).nominatedNodeName).toBe('a')
  })

  // Otherwise the search would go on for somebody who is not guarded, and find the less important one.
  test.each([{}, { matchLabels: {} }, { matchExpressions: [] }])('a budget guards nobody with %j', selector => {
    const nodes = [5, 1].map(priority => [node(`of-${priority}`), victim({ priority })] as const)
    expect(preempt(nodes, { absolute: 1, selector }).nominatedNodeName).toBe('of-5')
  })

  test.each([
    [0, 'a'],
    [0.25, 'b'],
    [0.5, 'c'],
    [0.99, 'd'],
  ])('begins at a random node, so that not always the first ones have to give: %d → %s', (random, expected) => {
    const nodes = ['a', 'b', 'c', 'd'].map(name => [node(name), victim()] as const)
    expect(preempt(nodes, { absolute: 1, random }).nominatedNodeName).toBe(expected)
  })

  test('tries the nodes before that one, too', () => {
    const nodes = [[node('a'), victim()] as const, [node('b'), victim({ priority: 20 })] as const]
    expect(preempt(nodes, { absolute: 1, random: 0.5 }).nominatedNodeName).toBe('a')
  })

  test('takes its share of the nodes on which it can help, not of all', () => {
    const cordoned = ['x', 'y'].map(name => [node(name, { spec: { unschedulable: true } })] as const)
    const nodes = [[node('dear'), victim({ priority: 5 })] as const, [node('cheap'), victim()] as const]
    expect(preempt([...cordoned, ...nodes], { absolute: 0, percentage: 50 }).nominatedNodeName).toBe('dear')
    expect(preempt([...cordoned, ...nodes], { absolute: 2 }).nominatedNodeName).toBe('cheap')
  })

  test('waits while victims leave the node that was promised, unless that became impossible meanwhile', () => {
    const leaving = victim()
    leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    leaving.status.conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }]
    const others = [node('other'), victim()] as const
    expect(preempt([[node('promised'), leaving], others], { absolute: 1, nominated: 'promised' })).toEqual({
      nominatedNodeName: undefined,
      message: 'preemption: not eligible due to a terminating pod on the nominated node.',
    })
    const cordoned = node('promised', { spec: { unschedulable: true } })
    const again = preempt([[cordoned, leaving], others], { absolute: 1, nominated: 'promised' })
    expect(again.nominatedNodeName).toBe('other')
  })

  test('says of every node why it does not help', () => {
    const nodes = [
      [node('x', { spec: { unschedulable: true } })] as const,
      [node('a'), victim({ priority: 20 })] as const,
      [node('b'), victim({ priority: 10 })] as const,
    ]
    const { nominatedNodeName, message } = preempt(nodes, { absolute: 100 })
    expect(nominatedNodeName).toBeUndefined()
    expect(message).toBe(
      'preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, ' +
        '2 No preemption victims found for incoming pod.',
    )
  })
})
