// ComponentStatuses: how the control plane's parts are, as old tools ask (`kubectl get cs`).
import { ComponentStatus } from '../../../shared/api/core/v1.ts'
import type { HealthCheck } from '../health/health.ts'
import type { SubresourceHandler } from './contract.ts'
import { computedHandler } from './read/computed.ts'

export const componentStatusHandler = (parts: readonly HealthCheck[]): SubresourceHandler =>
  computedHandler(ComponentStatus, async () => parts.map(statusOf))

function statusOf({ name, check }: HealthCheck): ComponentStatus {
  const problem = check()
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    // It was never made: nothing is stored of it.
    metadata: { name } as ComponentStatus['metadata'],
    conditions: [
      problem === undefined
        ? { type: 'Healthy', status: 'True', message: 'ok' }
        : { type: 'Healthy', status: 'False', message: problem },
    ],
  }
}
