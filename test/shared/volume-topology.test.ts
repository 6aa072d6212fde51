import { expect, test } from 'vitest'
import type { Node, TopologySelectorTerm } from '../../src/shared/api/core/v1.ts'
import type { StorageClass } from '../../src/shared/api/storage/v1.ts'
import { reachesTopology } from '../../src/shared/machinery/volume-topology.ts'

const node = (labels: Record<string, string>) => ({ metadata: { name: 'a', labels } }) as unknown as Node
const reaches = (terms: TopologySelectorTerm[] | undefined, labels: Record<string, string>) =>
  reachesTopology({ allowedTopologies: terms } as StorageClass, node(labels))
const term = (...all: [string, ...string[]][]): TopologySelectorTerm => ({
  matchLabelExpressions: all.map(([key, ...values]) => ({ key, values })),
})

test('a class without topologies makes volumes anywhere, and one with them where all of a term holds', () => {
  expect(reaches(undefined, {})).toBe(true)
  expect(reaches([], {})).toBe(true)
  const terms = [term(['zone', 'x', 'y'], ['disk', 'ssd']), term(['zone', 'z'])]
  expect(reaches(terms, { zone: 'y', disk: 'ssd' })).toBe(true)
  expect(reaches(terms, { zone: 'y' })).toBe(false)
  expect(reaches(terms, { zone: 'z' })).toBe(true)
})

test('a term that says nothing allows no node, and a label that a node lacks has no value', () => {
  expect(reaches([term()], { zone: 'x' })).toBe(false)
  expect(reaches([{}], { zone: 'x' })).toBe(false)
  expect(reaches([term(['zone', ''])], {})).toBe(false)
  expect(reaches([term(['zone', ''])], { zone: '' })).toBe(true)
})
