import { expect, test } from 'vitest'
import { type Located, topologyHints } from '../../src/main/controllers/endpointslice/topology.ts'
import type { Node } from '../../src/shared/api/core/v1.ts'

const node = (zone: string | undefined, cpu = '4', ready = 'True', labels = {}) =>
  ({
    metadata: { name: 'n', labels: { ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}), ...labels } },
    status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] },
  }) as unknown as Node
const endpoints = (...zones: string[]): Located[] => zones.map((zone, i) => ({ key: `e${i}`, zone }))
/** How many endpoints serve each zone; or why none does. */
function ask(located: Located[], nodes: Node[]): Record<string, number> | string {
  const hints = topologyHints(located, nodes)
  if ('disabled' in hints) return hints.disabled
  const counts: Record<string, number> = {}
  for (const zone of hints.zones.values()) counts[zone] = (counts[zone] ?? 0) + 1
  return counts
}
const three = [node('a'), node('b'), node('c')]

test('every endpoint serves its own zone when zones and endpoints are even', () => {
  const hints = topologyHints(endpoints('a', 'b', 'c'), three)
  expect('zones' in hints && [...hints.zones]).toEqual([['e0', 'a'], ['e1', 'b'], ['e2', 'c']]) // prettier-ignore
})

test('a zone without endpoints of its own gets some of another’s', () => {
  expect(ask(endpoints('a', 'a', 'a', 'b', 'b', 'b'), three)).toEqual({ a: 2, b: 2, c: 2 })
})

test('zones get endpoints by their share of the CPU', () => {
  expect(ask(endpoints('a', 'a', 'a', 'a', 'b', 'b'), [node('a', '8'), node('b', '4')])).toEqual({ a: 4, b: 2 })
})

test.each<[string, Located[], Node[], string]>([
  ['too few endpoints', endpoints('a', 'b'), three, 'Insufficient number of endpoints (2)'],
  ['a share that would overload a zone', endpoints('a', 'b', 'c', 'a'), three, 'Unable to allocate minimum required'],
  ['a node without a zone', endpoints('a', 'b', 'c'), [...three, node(undefined)], 'Insufficient Node information'],
  ['one zone only', endpoints('a', 'a'), [node('a')], 'Insufficient Node information'],
  ['an endpoint outside the zones', endpoints('a', 'b', 'x'), three, 'One or more endpoints do not have a zone'],
])('no hints for %s', (_why, located, nodes, reason) => {
  expect(ask(located, nodes)).toContain(reason)
})

test('nodes that take no ordinary pods do not count', () => {
  const control = { 'node-role.kubernetes.io/control-plane': '' }
  expect(ask(endpoints('a', 'b'), [node('a'), node('b'), node('c', '4', 'False'), node('d', '4', 'True', control)])).toEqual({ a: 1, b: 1 }) // prettier-ignore
})
