// How fast nodes that fell silent lose their pods: upstream's rates, and its rule that a zone of which most is silent is
// rather cut off than broken.
import { beforeEach, describe, expect, test } from 'vitest'
import {
  EvictionPace,
  isFullyDisrupted,
  zoneOfNode,
  zoneState,
} from '../../src/main/controllers/node-lifecycle/zones.ts'
import type { Node } from '../../src/shared/api/core/v1.ts'
import { ManualClock } from '../support/manual-clock.ts'

const node = (name: string, status: string, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels },
  spec: {},
  status: { conditions: [{ type: 'Ready', status }] },
})
const nodes = (ready: number, silent: number): Node[] =>
  Array.from({ length: ready + silent }, (_, i) => node(`n${i}`, i < ready ? 'True' : 'Unknown'))

describe('the state of a zone', () => {
  test.each([
    ['Normal', 'nobody is silent', 3, 0],
    ['Normal', 'two of three are: so few say nothing', 1, 2],
    ['Normal', '54 of 100 are', 46, 54],
    ['PartialDisruption', '55 of 100 are', 45, 55],
    ['PartialDisruption', 'three of four are', 1, 3],
    ['FullDisruption', 'all are', 0, 3],
    ['FullDisruption', 'its only one is', 0, 1],
    ['Normal', 'it has no nodes', 0, 0],
  ])('is %s when %s', (state, _when, ready, silent) => {
    expect(zoneState(nodes(ready, silent))).toBe(state)
  })

  test('zones are told apart by region and zone', () => {
    const of = (region: string, zone: string) =>
      zoneOfNode(node('n', 'True', { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone }))
    expect(new Set([of('a', 'b'), of('a', ''), of('', 'a'), of('ab', ''), of('a', 'b')]).size).toBe(4)
    expect(zoneOfNode(node('n', 'True'))).toBe(of('', ''))
  })

  test('a node that says that it is not ready counts as one that says nothing', () => {
    expect(isFullyDisrupted([node('a', 'False'), node('b', 'Unknown')])).toBe(true)
    expect(isFullyDisrupted([node('a', 'False'), node('b', 'True')])).toBe(false)
    expect(isFullyDisrupted([])).toBe(false)
  })
})

describe('the pace of evictions', () => {
  let clock: ManualClock
  let pace: EvictionPace
  beforeEach(() => {
    clock = new ManualClock()
    pace = new EvictionPace(clock)
  })
  /** How many nodes have their turn in so many seconds, when somebody asks every second. */
  async function turns(zone: string, peers: readonly Node[], seconds: number): Promise<number> {
    let count = 0
    for (let second = 0; second < seconds; second++) {
      if (pace.mayEvict(zone, peers)) count++
      await clock.advance(1_000)
    }
    return count
  }

  test('is a node in ten seconds, in each zone by itself', async () => {
    expect(await turns('a', nodes(10, 3), 100)).toBe(10)
    expect(pace.mayEvict('b', nodes(10, 3))).toBe(true)
  })

  test('is a node in a hundred seconds where most of a large zone is silent', async () => {
    expect(await turns('a', nodes(20, 31), 1_000)).toBe(10)
  })

  test('stops where most of a zone of up to fifty nodes is silent, and goes on when enough are back', async () => {
    expect(await turns('a', nodes(20, 30), 1_000)).toBe(0)
    expect(await turns('a', nodes(30, 20), 100)).toBe(10)
  })

  test('is the usual one where a whole zone is silent, while others are not', async () => {
    expect(await turns('a', nodes(0, 20), 100)).toBe(10)
  })
})
