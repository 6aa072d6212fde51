// What a drain would mean, before it is started.
import { describe, expect, it } from 'vitest'
import { ReplicaSet } from '../../../src/shared/api/apps/v1.ts'
import { Pod } from '../../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import { consequences, planDrain } from '@/nodes/drain-plan.ts'
import { make, makeApp, makePod, worldOf } from '../support/objects.ts'

const app = makeApp('web', 0)
const budget = make(PodDisruptionBudget, 'web', {
  spec: { selector: { matchLabels: { app: 'web' } } },
  status: { disruptionsAllowed: 0 } as PodDisruptionBudget['status'],
})

const plan = (pods: readonly Pod[], budgets: readonly PodDisruptionBudget[] = []) =>
  planDrain(worldOf([Pod, pods], [PodDisruptionBudget, budgets], [ReplicaSet, [app.set]]), 'n1')
const web = (name: string, given: object = {}) => makePod(name, { owner: app.set, labels: { app: 'web' }, ...given })

describe('planDrain()', () => {
  it('leaves pods of daemon sets alone', () => {
    const agent = makePod('agent')
    agent.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'd', controller: true },
    ]
    const found = plan([agent])
    expect(found.leaving).toEqual([])
    expect(consequences(found)).toEqual(['1 pod belongs to the node and stays.'])
  })

  it('tells what is lost for good, and who has to wait', () => {
    const bare = makePod('bare', { spec: { volumes: [{ name: 'tmp', emptyDir: {} }] } })
    const found = plan([bare, web('a')], [budget])
    expect(found.leaving.map(({ isBare, losesData, blockedBy }) => [isBare, losesData, blockedBy])).toEqual([
      [true, true, undefined],
      [false, false, 'web'],
    ])
    expect(consequences(found)).toEqual([
      '1 pod has no controller and is gone for good.',
      '1 pod loses the data in its emptyDir.',
      '1 pod waits until its disruption budget allows it to go.',
      '1 workload has its only ready pod here and is away for a moment.',
    ])
  })

  it('sees that a workload is served from elsewhere meanwhile', () => {
    const found = plan([web('a'), web('b', { node: 'n2' })])
    expect(found.leaving.map(({ isLast }) => isLast)).toEqual([false])
  })
})
