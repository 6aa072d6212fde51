// Measurements as servers tell them, as the window keeps them.
import { describe, expect, it } from 'vitest'
import { momentsBefore, namespacesOf } from '@/metrics/moments.ts'
import type { NodeUsage, PodUsage } from '../../../src/shared/api/flotilla/usage-v1.ts'

const sample = (minute: number, cpu: string) => ({ timestamp: `2026-01-01T00:0${minute}:00Z`, cpu, memory: '1Ki' })
const minute = (count: number) => Date.parse(`2026-01-01T00:0${count}:00Z`)
const node = (name: string, ...samples: NodeUsage['samples']) => ({ metadata: { name }, samples }) as NodeUsage
const pod = (namespace: string, name: string, ...samples: PodUsage['samples']) =>
  ({ metadata: { namespace, name }, samples }) as PodUsage

describe('the hours before a window opened', () => {
  it('are moments, oldest first, each with what was there then', () => {
    const moments = momentsBefore(
      [node('a', sample(2, '2'), sample(3, '3'))],
      [pod('shop', 'web', sample(1, '100000u'), sample(3, '300000u')), pod('shop', 'db', sample(3, '1'))],
    )
    expect(moments.map(([at, { nodes, pods }]) => [at, nodes.length, pods.length])).toEqual([
      [minute(1), 0, 1],
      [minute(2), 1, 0],
      [minute(3), 1, 2],
    ])
    expect(moments[2]?.[1].nodes).toEqual([['a', { cpu: 3, memory: 1024 }]])
    expect(namespacesOf(moments[2]?.[1].pods ?? [])).toEqual([['shop', { cpu: 1.3, memory: 2048 }]])
  })

  it('are none where nothing was measured', () => expect(momentsBefore([], [])).toEqual([]))
})
