// Somebody may ask for as many pods as a number can say: a controller takes a step of it at a time.
import { expect, test } from 'vitest'
import { planStep } from '../../src/main/controllers/statefulset/plan.ts'
import type { StatefulSet } from '../../src/shared/api/apps/v1.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

const setOf = (replicas: number): StatefulSet =>
  ({
    metadata: { name: 'web' },
    spec: { replicas, podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate' } },
  }) as unknown as StatefulSet
const step = (replicas: number, pods: readonly number[]) => {
  const pod = { metadata: {}, status: { phase: 'Running' } } as unknown as Pod
  const byOrdinal = new Map(pods.map(ordinal => [ordinal, pod]))
  return planStep({ set: setOf(replicas), byOrdinal, isCurrent: () => true, nowMs: 0 }).create
}
const ordinals = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)

test('a StatefulSet of two thousand million replicas begins with the first of them, and goes on behind those', () => {
  expect(step(2_000_000_000, [])).toEqual(ordinals(0, 500))
  expect(step(2_000_000_000, ordinals(0, 700))).toEqual(ordinals(700, 500))
})

test('all that are missing of a few are made at once', () => {
  expect(step(5, [1])).toEqual([0, 2, 3, 4])
})
