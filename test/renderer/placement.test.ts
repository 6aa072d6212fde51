// @vitest-environment node
// What the scheduler says of each node about a pod, on a real control plane.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { factsOf, nodeLines } from '@/placement/placement.ts'
import { Node, Pod } from '../../src/shared/api/core/v1.ts'
import { PodExplanation, type PodExplanationStatus } from '../../src/shared/api/flotilla/scheduling-v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { startCluster } from './support/server.ts'

// Who looks.
vi.hoisted(() => vi.stubGlobal('navigator', { language: 'en-US', languages: ['en-US'] }))

let cluster: Awaited<ReturnType<typeof startCluster>>
let admin: Client
const node = async (name: string, memory: string, taints: object[] = []) => {
  await admin.create(Node, { metadata: { name }, spec: { taints } } as never)
  const room = { cpu: '4', memory, pods: '110' }
  const status = {
    capacity: room,
    allocatable: room,
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
  }
  await admin.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
}
const pod = (name: string, memory: string) =>
  admin.create(Pod, {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { memory } } }] },
  } as never)
const explain = async (podName: string): Promise<PodExplanationStatus> =>
  (await admin.create(PodExplanation, { metadata: { namespace: 'default' }, spec: { podName } } as never)).status
beforeAll(async () => {
  cluster = await startCluster()
  ;({ admin } = cluster)
  await node('small', '1Gi')
  await node('kept', '8Gi', [{ key: 'team', value: 'sea', effect: 'NoSchedule' }])
}, 120_000)
afterAll(() => cluster?.[Symbol.asyncDispose]())

describe('a pod that waits', () => {
  it('is told for each node what is against it, and what would help', async () => {
    await pod('large', '2Gi')
    const status = await vi.waitFor(
      async () => {
        const found = await explain('large')
        expect(found.waiting?.attempts).toBeGreaterThan(0)
        expect(found.nodes.map(({ name }) => name).sort()).toEqual(['kept', 'small'])
        return found
      },
      { timeout: 20_000, interval: 200 },
    )
    const lines = Object.fromEntries(nodeLines(status).map(line => [line.name, line]))
    expect(lines['small']).toMatchObject({ fits: false, isHere: false, points: undefined })
    expect(lines['small']?.reasons).toEqual(['Insufficient memory'])
    expect(lines['small']?.remedies.join()).toMatch(/memory/)
    expect(lines['kept']?.reasons.join()).toContain('untolerated taint')
    expect(lines['kept']?.remedies.join()).toContain('team')
    const facts = factsOf(status).join('\n')
    expect(facts).toContain('0/2 nodes are available')
    expect(facts).toMatch(/Tried \d+ times? since/)
  })
})

describe('a pod that is placed', () => {
  it('is told where it is, by how many points, and why not elsewhere', async () => {
    await pod('little', '64Mi')
    await vi.waitFor(
      async () => expect((await admin.get(Pod, { namespace: 'default', name: 'little' })).spec.nodeName).toBe('small'),
      { timeout: 20_000 },
    )
    const status = await explain('little')
    const [first, second] = nodeLines(status)
    expect(first).toMatchObject({ name: 'small', fits: true, isHere: true })
    expect(first?.points).toBeGreaterThan(0)
    expect(first?.scores[0]).toMatch(/^\w+ \d+/)
    expect(second).toMatchObject({ name: 'kept', fits: false, isHere: false })
    expect(factsOf(status).join()).not.toContain('nodes are available')
  })
})
