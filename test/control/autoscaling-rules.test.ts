import { describe, expect, test } from 'vitest'
import {
  type History,
  emptyHistory,
  normalize,
  rescaled,
} from '../../src/main/controllers/horizontal-pod-autoscaling/behavior.ts'
import type { PodMetricValues } from '../../src/main/controllers/horizontal-pod-autoscaling/metrics-client.ts'
import {
  byAverage,
  byUtilization,
  byValue,
  byValuePerPod,
} from '../../src/main/controllers/horizontal-pod-autoscaling/replica-calculator.ts'
import type { HorizontalPodAutoscalerBehavior } from '../../src/shared/api/autoscaling/v2.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

const NOW = Date.parse('2026-01-01T12:00:00Z')
const ago = (ms: number) => new Date(NOW - ms).toISOString()
const TOLERANCES = { up: 0.1, down: 0.1 }
const MINUTE = 60_000

/** As one word: `ready`, `young` (ready for 10 s), `starting`, `pending`, `deleted`, `failed`; and what it uses, in milli-CPU. */
type Sketch = [state: string, milli?: number]

function pods(sketches: readonly Sketch[], request = '1') {
  const list = sketches.map(([state], i) => {
    const readySinceMs = state === 'young' ? 10_000 : 30 * MINUTE
    const startedMs = state === 'young' || state === 'starting' ? 20_000 : 31 * MINUTE
    return {
      metadata: { name: `p${i}`, ...(state === 'deleted' ? { deletionTimestamp: ago(1000) } : {}) },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: request } } }] },
      status: {
        phase: state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running',
        startTime: ago(startedMs),
        conditions: [
          {
            type: 'Ready',
            status: state === 'starting' ? 'False' : 'True',
            lastTransitionTime: ago(state === 'starting' ? 20_000 : readySinceMs),
          },
        ],
      },
    }
  })
  const metrics: PodMetricValues = new Map(
    sketches.flatMap(([, milli], i) =>
      milli === undefined ? [] : [[`p${i}`, { milli, timestampMs: NOW, windowMs: 15_000 }]],
    ),
  )
  return { pods: list as unknown as Pod[], metrics }
}

const busy = (count: number, milli: number): Sketch[] => Array.from({ length: count }, () => ['ready', milli])

describe('the number of replicas by utilization', () => {
  test.each<[string, Sketch[], number, number]>([
    ['grows in proportion', busy(3, 900), 30, 9],
    ['shrinks in proportion', busy(5, 100), 50, 1],
    ['stays within the tolerance', busy(3, 540), 50, 3],
    ['stays just below the target', busy(3, 460), 50, 3],
    ['rounds up', busy(3, 600), 50, 4],
    ['an exact multiple is not rounded up', busy(3, 700), 70, 3],
    ['counts pods without metrics as idle when it grows', [...busy(2, 900), ['ready']], 50, 4],
    ['counts pods without metrics as fully busy when it shrinks', [...busy(3, 100), ['ready']], 50, 3],
    ['counts pods that start as idle when it grows', [...busy(2, 900), ['starting', 5]], 50, 4],
    ['does not look at pods that became ready a moment ago', [...busy(2, 500), ['young', 5000]], 50, 3],
    ['does not look at pods that go or failed', [...busy(2, 1000), ['deleted', 9000], ['failed', 9000]], 50, 4],
    ['pods without metrics say nothing where the others are exactly at the target', [...busy(2, 500), ['ready'], ['ready']], 50, 4], // prettier-ignore
    ['missing pods never turn growth into shrinking', [...busy(1, 600), ['ready'], ['ready']], 50, 3],
  ])('%s', (_name, sketches, target, replicas) => {
    const current = sketches.filter(([state]) => !['deleted', 'failed'].includes(state)).length
    const question = { current, ...pods(sketches), tolerances: TOLERANCES, nowMs: NOW }
    expect(byUtilization(question, 'cpu', undefined, target).replicas).toBe(replicas)
  })

  test('tells what was measured', () => {
    const question = { current: 2, ...pods([['ready', 300], ['ready', 500]]), tolerances: TOLERANCES, nowMs: NOW } // prettier-ignore
    expect(byUtilization(question, 'cpu', 'c', 50)).toEqual({ replicas: 2, utilization: 40, averageMilli: 400 })
  })

  test('refuses to guess', () => {
    const ask = (sketches: Sketch[], request?: string) => () =>
      byUtilization(
        { current: 1, ...pods(sketches, request), tolerances: TOLERANCES, nowMs: NOW },
        'cpu',
        undefined,
        50,
      )
    expect(ask([])).toThrow('no pods returned by selector while calculating replica count')
    const { pods: sole, metrics: its } = pods([['ready', 10]])
    const one = { current: 1, pods: sole, metrics: its, tolerances: TOLERANCES, nowMs: NOW }
    expect(() => byUtilization(one, 'cpu', 'other', 50)).toThrow('container other not found in Pod p0')
    expect(ask([['starting', 10]])).toThrow('did not receive metrics for targeted pods (pods might be unready)')
    const { pods: list, metrics } = pods([['ready', 10]])
    delete list[0]?.spec.containers[0]?.resources
    expect(() => byUtilization({ current: 1, pods: list, metrics, tolerances: TOLERANCES, nowMs: NOW }, 'cpu', undefined, 50)).toThrow('missing request for cpu in container c of Pod p0') // prettier-ignore
  })
})

test('by an average per pod, by one value, and by a value that is shared', () => {
  const question = { current: 3, ...pods(busy(3, 20_000)), tolerances: TOLERANCES, nowMs: NOW }
  expect(byAverage(question, 'qps', 10_000)).toEqual({ replicas: 6, averageMilli: 20_000 })
  expect(byValue(3, 20_000, 15_000, 3, TOLERANCES)).toBe(4)
  expect(byValue(0, 5_000, 2_000, 0, TOLERANCES)).toBe(3)
  expect(byValuePerPod(8_600, 2_150, 4, TOLERANCES).replicas).toBe(4)
  expect(byValuePerPod(8_600, 1_000, 4, TOLERANCES)).toEqual({ replicas: 9, averageMilli: 2_150 })
})

describe('from what metrics ask for to what is set', () => {
  const ask = (
    current: number,
    desired: number,
    history: History,
    nowMs = NOW,
    behavior?: HorizontalPodAutoscalerBehavior,
    max = 100,
  ) =>
    // prettier-ignore
    normalize({ current, desired, min: 2, max, behavior, history, nowMs })

  test('without a behavior, it doubles at most, from four on', () => {
    expect(ask(1, 50, emptyHistory())).toMatchObject({ replicas: 4, limit: { limited: true, reason: 'ScaleUpLimit' } })
    expect(ask(10, 50, emptyHistory())).toMatchObject({ replicas: 20 })
    expect(ask(10, 50, emptyHistory(), NOW, undefined, 15)).toMatchObject({ replicas: 15, limit: { reason: 'TooManyReplicas' } }) // prettier-ignore
    expect(ask(10, 1, emptyHistory())).toMatchObject({ replicas: 2, limit: { reason: 'TooFewReplicas' } })
  })

  test('it shrinks only when nothing higher was asked for in five minutes', () => {
    const history = emptyHistory()
    ask(10, 10, history, NOW)
    expect(ask(10, 3, history, NOW + 4 * MINUTE)).toMatchObject({
      replicas: 10,
      ability: { reason: 'ScaleDownStabilized' },
    })
    expect(ask(10, 3, history, NOW + 6 * MINUTE)).toMatchObject({
      replicas: 3,
      ability: { reason: 'ReadyForNewScale' },
    })
  })

  const behavior: HorizontalPodAutoscalerBehavior = {
    scaleUp: {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 60 },
        { type: 'Percent', value: 10, periodSeconds: 60 },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Min',
      policies: [
        { type: 'Pods', value: 1, periodSeconds: 60 },
        { type: 'Percent', value: 50, periodSeconds: 60 },
      ],
    },
  }

  test('it grows only as far as the lowest number asked for in its window, and as the policies allow', () => {
    const history = emptyHistory()
    expect(ask(10, 12, history, NOW, behavior)).toMatchObject({ replicas: 12 })
    expect(ask(10, 30, history, NOW + 30_000, behavior)).toMatchObject({ replicas: 12, ability: { reason: 'ScaleUpStabilized' } }) // prettier-ignore
    expect(ask(10, 30, history, NOW + 95_000, behavior)).toMatchObject({ replicas: 14, limit: { reason: 'ScaleUpLimit' } }) // prettier-ignore
  })

  test('a window for growing that is longer than the one for shrinking is kept whole', () => {
    const hesitant = { scaleUp: { ...behavior.scaleUp, stabilizationWindowSeconds: 900 } }
    const history = emptyHistory()
    expect(ask(10, 10, history, NOW, hesitant)).toMatchObject({ replicas: 10 })
    for (const minutes of [1, 5, 6, 10, 14])
      expect(ask(10, 30, history, NOW + minutes * MINUTE, hesitant)).toMatchObject({
        replicas: 10,
        ability: { reason: 'ScaleUpStabilized' },
      })
    expect(ask(10, 30, history, NOW + 15 * MINUTE, hesitant)).toMatchObject({
      replicas: 14,
      ability: { reason: 'ReadyForNewScale' },
    })
  })

  test('a policy counts what its period has seen already', () => {
    const history = emptyHistory()
    rescaled(history, behavior, 10, 13, NOW)
    expect(ask(13, 30, history, NOW + 30_000, behavior)).toMatchObject({ replicas: 14 })
    expect(ask(13, 30, history, NOW + 61_000, behavior)).toMatchObject({ replicas: 17 })
  })

  test('the careful policy lets one pod go in a minute', () => {
    const history = emptyHistory()
    expect(ask(10, 2, history, NOW, behavior)).toMatchObject({ replicas: 9, limit: { reason: 'ScaleDownLimit' } })
    rescaled(history, behavior, 10, 9, NOW)
    expect(ask(9, 2, history, NOW + 30_000, behavior)).toMatchObject({ replicas: 9 })
    expect(ask(9, 2, history, NOW + 61_000, behavior)).toMatchObject({ replicas: 8 })
  })

  test('a direction can be switched off', () => {
    const off = { ...behavior, scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 } }
    expect(ask(10, 2, emptyHistory(), NOW, off)).toMatchObject({ replicas: 10 })
  })
})
