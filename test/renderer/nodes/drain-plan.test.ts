// What a drain would mean, before it is started.
import { describe, expect, it } from 'vitest'
import { ReplicaSet } from '../../../src/shared/api/apps/v1.ts'
import { Node, Pod } from '../../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import { consequences, planDrain } from '@/nodes/drain-plan.ts'
import { make, makeApp, makePod, worldOf } from '../support/objects.ts'

const node = (name: string, cpu: string, spec: object = {}) =>
  make(Node, name, {
    spec: spec as Node['spec'],
    status: {
      allocatable: { cpu, memory: '4Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
    } as unknown as Node['status'],
  })
const asks = (cpu: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })
const app = makeApp('web', 0)
const budget = make(PodDisruptionBudget, 'web', {
  spec: { selector: { matchLabels: { app: 'web' } } },
  status: { disruptionsAllowed: 0 } as PodDisruptionBudget['status'],
})

function plan(pods: readonly Pod[], nodes: readonly Node[], budgets: readonly PodDisruptionBudget[] = []) {
  return planDrain(
    worldOf([Pod, pods], [Node, [node('n1', '4'), ...nodes]], [PodDisruptionBudget, budgets], [ReplicaSet, [app.set]]),
    'n1',
  )
}
const web = (name: string, given: object = {}) =>
  makePod(name, { owner: app.set, labels: { app: 'web' }, spec: asks('1'), ...given })

describe('planDrain()', () => {
  it('finds room for each pod, counting what the ones before it took', () => {
    const found = plan([web('a'), web('b'), web('c')], [node('n2', '2')])
    expect(found.leaving.map(({ target }) => target)).toEqual(['n2', 'n2', undefined])
    expect(consequences(found)).toEqual(['1 pod finds no room on another node and stays pending.'])
  })

  it('does not count on nodes that are cordoned, tainted or not selected', () => {
    const tainted = node('n3', '9', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] })
    const picky = web('a', { spec: { ...asks('1'), nodeSelector: { disk: 'ssd' } } })
    expect(plan([web('a')], [node('n2', '9', { unschedulable: true }), tainted]).leaving[0]?.target).toBeUndefined()
    expect(plan([picky], [node('n2', '9')]).leaving[0]?.target).toBeUndefined()
  })

  it('leaves pods of daemon sets alone', () => {
    const agent = makePod('agent')
    agent.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'd', controller: true },
    ]
    const found = plan([agent], [])
    expect(found.leaving).toEqual([])
    expect(consequences(found)).toEqual(['1 pod belongs to the node and stays.'])
  })

  it('tells what is lost for good, and who has to wait', () => {
    const bare = makePod('bare', { spec: { volumes: [{ name: 'tmp', emptyDir: {} }] } })
    const found = plan([bare, web('a')], [node('n2', '2')], [budget])
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
    const found = plan([web('a'), web('b', { node: 'n2' })], [node('n2', '4')])
    expect(found.leaving.map(({ isLast }) => isLast)).toEqual([false])
  })
})
