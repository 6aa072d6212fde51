// Which conditions are good news.
import { expect, it } from 'vitest'
import { conditionStatus } from '@/status/condition-status.ts'

it.each([
  ['Ready', 'True', 'healthy'],
  ['Ready', 'False', 'warning'],
  ['Ready', 'Unknown', 'unknown'],
  ['MemoryPressure', 'False', 'healthy'],
  ['MemoryPressure', 'True', 'failed'],
  ['NetworkUnavailable', 'False', 'healthy'],
  ['ReplicaFailure', 'True', 'failed'],
  ['ScalingLimited', 'False', 'healthy'],
  ['ScalingLimited', 'True', 'warning'],
  ['RolledBack', 'True', 'warning'],
  ['Relayed', 'False', 'healthy'],
  ['Relayed', 'True', 'warning'],
])('%s that is %s is %s', (type, status, tone) => {
  expect(conditionStatus({ type, status })).toEqual({ tone, text: type })
})
