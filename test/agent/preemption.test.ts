// Which pods make room for a critical one.
import { expect, test } from 'vitest'
import { shortagesOf } from '../../src/agent/kubelet/admission/fit.ts'
import { victimsOf } from '../../src/agent/kubelet/admission/preemption.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

function pod(name: string, qosClass: QosClass, requests: Record<string, string> = {}, spec: object = {}): Pod {
  return {
    metadata: { name, uid: name, namespace: 'default' },
    spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
    status: { qosClass },
  } as unknown as Pod
}
const critical = (requests: Record<string, string>) =>
  pod('critical', 'Burstable', requests, { priority: 2_000_000_000 })

const NODE = { cpu: '4', memory: '8Gi', pods: '10' }
function victims(wants: Pod, pods: readonly Pod[], allocatable: Record<string, string> = NODE): string[] {
  return victimsOf(wants, pods, shortagesOf(wants, pods, allocatable)).map(({ metadata }) => metadata.name)
}

test('guaranteed pods go only when all others would not do', () => {
  const pods = [
    pod('guaranteed', 'Guaranteed', { cpu: '2' }),
    pod('burstable', 'Burstable', { cpu: '1900m' }),
    pod('effortless', 'BestEffort'),
  ]
  expect(victims(critical({ cpu: '1' }), pods)).toEqual(['burstable'])
  expect(victims(critical({ cpu: '3' }), pods)).toEqual(['burstable', 'guaranteed'])
})

test('as few as possible go: one that is large enough, and of several the smallest', () => {
  const pods = ['100m', '900m', '1500m', '1100m', '400m'].map((cpu, i) => pod(`p${i}`, 'Burstable', { cpu }))
  expect(victims(critical({ cpu: '1' }), pods)).toEqual(['p3'])
})

test('of pods that ask for as much of what is short, the one with less memory goes', () => {
  const pods = ['2Gi', '1Gi'].map((memory, i) => pod(`p${i}`, 'Burstable', { cpu: '2', memory }))
  expect(victims(critical({ cpu: '1' }), pods)).toEqual(['p1'])
})

test('all that is short is made room for', () => {
  const pods = [
    pod('processor', 'Burstable', { cpu: '3900m' }),
    pod('memory', 'Burstable', { memory: '8000Mi' }),
    pod('neither', 'Burstable', { cpu: '50m', memory: '50Mi' }),
  ]
  expect(victims(critical({ cpu: '1', memory: '1Gi' }), pods).toSorted()).toEqual(['memory', 'processor'])
})

test('where there are too many pods, one that asks for nothing goes', () => {
  const pods = [pod('asks', 'Burstable', { cpu: '1' }), pod('effortless', 'BestEffort')]
  expect(victims(critical({}), pods, { ...NODE, pods: '2' })).toEqual(['effortless'])
})

test('critical pods make room for those of a higher priority alone, static pods for nobody', () => {
  const manifest = pod('static', 'Burstable', { cpu: '2' })
  manifest.metadata.annotations = { 'kubernetes.io/config.source': 'file' }
  const alike = pod('alike', 'Burstable', { cpu: '2' }, { priority: 2_000_000_000 })
  expect(() => victims(critical({ cpu: '3' }), [alike, manifest])).toThrow(
    'no set of running pods found to reclaim resources: [(res: cpu, q: 3000), ]',
  )
  const node = pod('node', 'Burstable', { cpu: '2' }, { priority: 2_000_001_000 })
  expect(victims(node, [alike, manifest])).toEqual(['alike'])
})
