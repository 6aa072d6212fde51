// What is kept of measurements, and of whose.
import { describe, expect, test } from 'vitest'
import type { Measured } from '../../src/main/apiserver/metrics-api/readings.ts'
import { UsageHistory } from '../../src/main/apiserver/metrics-api/usage-history.ts'

const usage = (cpu: string, memory = '1Ki') => ({ cpu, memory })
const measured = (node: string, pods: Readonly<Record<string, string[]>>): [string, Measured] => [
  node,
  {
    atMs: 0,
    windowMs: 60_000,
    node: usage('2'),
    pods: new Map(
      Object.entries(pods).map(([pod, cpus]) => [pod, cpus.map((cpu, i) => ({ name: `c${i}`, usage: usage(cpu) }))]),
    ),
  },
]

describe('the history of use', () => {
  test('adds up the containers of a pod', () => {
    const history = new UsageHistory()
    history.add(1, new Map([measured('a', { 'shop/web': ['250000000n', '1'] })]))
    expect(history.ofPod('a', 'shop/web')).toEqual([{ at: 1, cpu: 1.25, memory: 2048 }])
    expect(history.ofNode('a')).toMatchObject([{ cpu: 2 }])
  })

  test('takes no node’s word for pods of another', () => {
    const history = new UsageHistory()
    history.add(1, new Map([measured('a', { 'shop/web': ['1'] }), measured('b', { 'shop/web': ['99'] })]))
    expect(history.ofPod('a', 'shop/web').map(({ cpu }) => cpu)).toEqual([1])
  })

  test('is eight hours long, and as large as its bounds however many pods come and go', () => {
    const history = new UsageHistory()
    for (let minute = 0; minute < 600; minute++)
      history.add(
        minute,
        new Map([measured('a', Object.fromEntries([`stays`, ...Array.from({ length: 20 }, (_, i) => `job-${minute}-${i}`)].map(pod => [`shop/${pod}`, ['1']])))]), // prettier-ignore
      )
    expect(history.ofPod('a', 'shop/stays')).toHaveLength(480)
    // 4,000 pods are kept: of 20 a minute, those of the last 200 minutes.
    expect(history.ofPod('a', 'shop/job-300-0')).toEqual([])
    expect(history.ofPod('a', 'shop/job-599-0')).toHaveLength(1)
  })
})
