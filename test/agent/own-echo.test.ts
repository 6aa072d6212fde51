// Which changes of a pod's object are the kubelet's own, coming back to it.
import { expect, test } from 'vitest'
import { isOwnEcho } from '../../src/agent/kubelet/status/own-echo.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [{ name: 'main', image: 'web:1' }] },
  status: { phase: 'Pending', qosClass: 'BestEffort', conditions: [{ type: 'Ready', status: 'False' }] },
} // prettier-ignore
const gate = (status: string) => ({ type: 'example.com/gate', status })

test.each([
  ['its status', { status: { ...pod.status, phase: 'Running', podIP: '10.0.0.1', startTime: '2026-01-01T00:00:01Z' } }],
  ['its conditions', { status: { ...pod.status, conditions: [{ type: 'Ready', status: 'True' }] } }],
  ['who manages its fields', { metadata: { ...pod.metadata, resourceVersion: '6', managedFields: [{ manager: 'kubelet' }] } }],
])('%s is the kubelet’s own', (_what, change) => {
  expect(isOwnEcho(pod, { ...pod, ...change })).toBe(true)
}) // prettier-ignore

test.each([
  ['its spec', { spec: { containers: [{ name: 'main', image: 'web:2' }] } }],
  ['that it is to end', { metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:02Z' } }],
  ['a label, which its files may show', { metadata: { ...pod.metadata, labels: { app: 'web' } } }],
  ['a readiness gate', { status: { ...pod.status, conditions: [...pod.status.conditions!, gate('True')] } }],
  ['the claims of its devices', { status: { ...pod.status, resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] } }],
])('%s is somebody else’s', (_what, change) => {
  expect(isOwnEcho(pod, { ...pod, ...change })).toBe(false)
}) // prettier-ignore
