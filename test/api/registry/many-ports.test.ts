// Ports of a pod are compared for warnings: very many of them keep nobody waiting.
import { expect, test } from 'vitest'
import { podWarnings } from '../../../src/main/apiserver/registry/core/pod/warnings.ts'
import type { ContainerPort, Pod } from '../../../src/shared/api/core/v1.ts'

const warningsOf = (ports: readonly ContainerPort[]) =>
  podWarnings({ metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'x:1', ports }] } } as unknown as Pod)
const many = (count: number, port: (i: number) => ContainerPort) => Array.from({ length: count }, (_, i) => port(i))

test('ports that differ are no reason to warn, however many they are', () => {
  expect(warningsOf(many(65_000, i => ({ containerPort: 1 + i, protocol: 'TCP', name: `p${i}` })))).toEqual([])
})

test('of ports that are all the same, the first are told', () => {
  const warnings = warningsOf(many(10_000, () => ({ containerPort: 80, protocol: 'TCP' })))
  expect(warnings.slice(0, 3)).toEqual([
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[1]',
  ])
})
