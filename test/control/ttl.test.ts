// How long what a kubelet read may be kept, by the number of nodes: the steps of `node.alpha.kubernetes.io/ttl`.
import { expect, test } from 'vitest'
import { stepFor } from '../../src/main/controllers/ttl/controller.ts'

test.each([
  [100, 0, 0],
  [101, 0, 1],
  [90, 1, 1],
  [89, 1, 0],
  [3_000, 0, 4],
  [1_900, 4, 4],
  [1_900, 0, 3],
])('a cluster that has %i nodes now and was at step %i is at step %i: steps overlap', (nodes, from, step) => {
  expect(stepFor(nodes, from)).toBe(step)
})
