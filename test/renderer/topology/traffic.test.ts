// Observed traffic on the map: whom an address belongs to, services in between, what is denied, and how wide.
import { describe, expect, it } from 'vitest'
import { Node, Pod, Service } from '../../../src/shared/api/core/v1.ts'
import type { ConnectionEdge, ConnectionSummary } from '../../../src/shared/machinery/connection-summary.ts'
import { lineWidth, observe } from '@/topology/traffic.ts'
import { World } from '@/world/world.ts'
import { make, makePod } from '../support/objects.ts'

const at = (name: string, ip: string) => makePod(name, { status: { phase: 'Running', podIPs: [{ ip }] } }, 'shop')
const world = new World([
  { type: Pod, objects: [at('web', '10.0.0.1'), at('api', '10.0.0.2')] },
  { type: Service, objects: [make(Service, 'api', {}, 'shop')] },
  {
    type: Node,
    objects: [make(Node, 'n1', { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] } })],
  },
])
const pod = (ip: string) => ({ kind: 'pod' as const, ip })
const edge = (more: Partial<ConnectionEdge>): ConnectionEdge => ({
  from: pod('10.0.0.1'),
  to: pod('10.0.0.2'),
  protocol: 'TCP',
  port: 80,
  connections: 1,
  bytesSent: 0,
  bytesReceived: 0,
  ...more,
})
const summary = (more: Partial<ConnectionSummary>): ConnectionSummary => ({
  node: 'n1',
  since: '',
  time: '',
  edges: [],
  denied: [],
  ...more,
})
const web = 'pods.v1.:shop/web'
const api = 'pods.v1.:shop/api'
const service = 'services.v1.:shop/api'
const same = (id: string) => id || undefined

describe('observe', () => {
  it('knows pods by their address, and sums what goes the same way', () => {
    const edges = [edge({ bytesPerSecond: 100 }), edge({ bytesPerSecond: 20, port: 81, connections: 2 })]
    expect(observe([summary({ edges })], world, same).lines).toEqual([
      { from: web, to: api, bytesPerSecond: 120, connections: 3, denied: 0 },
    ])
  })
  it('goes through the service that was asked, where it is drawn', () => {
    const edges = [edge({ service: 'shop/api', bytesPerSecond: 5 })]
    const ways = (cardOf: (id: string) => string | undefined) =>
      observe([summary({ edges })], world, cardOf).lines.map(({ from, to }) => [from, to])
    expect(ways(same)).toEqual([
      [web, service],
      [service, api],
    ])
    expect(ways(id => (id === service ? undefined : id))).toEqual([[web, api]])
  })
  it('tells denied packets before all, and takes what stands for several for one', () => {
    const denied = [{ from: pod('10.0.0.2'), to: pod('10.0.0.1'), protocol: 'TCP', port: 80, packets: 7 }]
    const found = observe([summary({ edges: [edge({ bytesPerSecond: 9 })], denied })], world, same).lines
    expect(found.map(({ from, denied: packets }) => [from, packets])).toEqual([
      [api, 7],
      [web, 0],
    ])
    expect(observe([summary({ edges: [edge({})], denied })], world, () => 'group').lines).toEqual([])
  })
  it('draws no line to the outside, but counts it, and passes on what agents lack', () => {
    const edges = [edge({ to: { kind: 'outside' }, bytesPerSecond: 50 }), edge({ connections: 0 })]
    const found = observe([summary({ edges, problem: 'no accounting' })], world, same)
    expect(found).toMatchObject({
      lines: [],
      outside: { bytesPerSecond: 50, connections: 1 },
      problems: ['no accounting'],
    })
  })
})

describe('lineWidth', () => {
  it('grows with the rate, within bounds', () => {
    expect(lineWidth(0)).toBe(1.5)
    expect(lineWidth(1e6)).toBeGreaterThan(lineWidth(1e3))
    expect(lineWidth(1e30)).toBe(9.5)
  })
})
