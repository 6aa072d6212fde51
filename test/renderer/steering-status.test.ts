// States of autoscalers, disruption budgets and network policies, and which workloads the overview tells of.
import { describe, expect, it } from 'vitest'
import { DaemonSet, Deployment, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../src/shared/api/autoscaling/v2.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { NetworkPolicy } from '../../src/shared/api/networking/v1.ts'
import { PodDisruptionBudget } from '../../src/shared/api/policy/v1.ts'
import { WorstPods } from '@/status/pods-below.ts'
import { autoscalerStatus, budgetStatus, policyStatus } from '@/status/steering-status.ts'
import { unwellWorkloads } from '@/status/unwell-workloads.ts'
import { make, makePod } from './support/objects.ts'

describe('autoscalerStatus()', () => {
  const scaler = (...conditions: [type: string, status: string, reason: string][]) =>
    make(HorizontalPodAutoscaler, 'web', {
      spec: { minReplicas: 2, maxReplicas: 5 } as HorizontalPodAutoscaler['spec'],
      status: {
        currentReplicas: 3,
        conditions: conditions.map(([type, status, reason]) => ({ type, status, reason, message: 'why' })),
      } as unknown as HorizontalPodAutoscaler['status'],
    })
  const works = ['AbleToScale', 'True', 'ReadyForNewScale'] as [string, string, string]
  it.each([
    [[works, ['ScalingActive', 'True', 'ValidMetricFound']], 'healthy', 'Active', '3 replicas, between 2 and 5'],
    [[works, ['ScalingActive', 'False', 'FailedGetResourceMetric']], 'warning', 'FailedGetResourceMetric', 'why'],
    [[['AbleToScale', 'False', 'FailedGetScale']], 'warning', 'FailedGetScale', 'why'],
    [[works, ['ScalingActive', 'False', 'ScalingDisabled']], 'suspended', 'Scaled to 0', 'why'],
    [
      [works, ['ScalingActive', 'True', 'ValidMetricFound'], ['ScalingLimited', 'True', 'TooManyReplicas']],
      'warning',
      'At its limit',
      'why',
    ],
    [[], 'progressing', 'Starting', undefined],
  ] as [[string, string, string][], string, string, string | undefined][])('%j', (conditions, tone, text, reason) =>
    expect(autoscalerStatus(scaler(...conditions))).toEqual({ tone, text, ...(reason ? { reason } : {}) }),
  )
})

describe('budgetStatus()', () => {
  const budget = (status: object, reason = 'SufficientPods') =>
    make(PodDisruptionBudget, 'web', {
      status: {
        conditions: [{ type: 'DisruptionAllowed', status: 'True', reason }],
        expectedPods: 3,
        desiredHealthy: 2,
        ...status,
      } as unknown as NonNullable<PodDisruptionBudget['status']>,
    })
  it.each([
    [{ currentHealthy: 3, disruptionsAllowed: 1 }, 'healthy', '1 pod may be evicted now.'],
    [{ currentHealthy: 2, disruptionsAllowed: 0 }, 'neutral', 'No pod may be evicted now: a drain waits.'],
    [{ currentHealthy: 1, disruptionsAllowed: 0 }, 'warning', '1 of 2 pods are healthy.'],
    [{ expectedPods: 0 }, 'neutral', undefined],
  ])('%j', (status, tone, reason) => {
    const told = budgetStatus(budget(status))
    expect([told.tone, told.reason]).toEqual([tone, reason])
  })
  it('warns of a budget that cannot be counted', () =>
    expect(budgetStatus(budget({}, 'SyncFailed'))).toMatchObject({ tone: 'warning', text: 'SyncFailed' }))
})

it('policyStatus() tells directions and how many rules there are in each', () => {
  const policy = (spec: object) =>
    make(NetworkPolicy, 'p', { spec: { podSelector: {}, ...spec } as NetworkPolicy['spec'] })
  expect(policyStatus(policy({ ingress: [{}, {}] })).text).toBe('Ingress: 2 rules')
  expect(policyStatus(policy({ policyTypes: ['Ingress', 'Egress'] }))).toMatchObject({
    tone: 'neutral',
    text: 'Egress closed, Ingress closed',
  })
})

describe('unwellWorkloads()', () => {
  const set = make(StatefulSet, 'db', {
    spec: { replicas: 2 } as StatefulSet['spec'],
    status: { readyReplicas: 1 } as StatefulSet['status'],
  })
  const names = (lists: Parameters<typeof unwellWorkloads>[0], pods = new WorstPods([])) =>
    unwellWorkloads(lists, pods).map(({ object, status }) => `${object.metadata.name} ${status.tone}`)

  it('tells of every kind of workload, the worst first', () => {
    const failed = make(Job, 'import', { status: { conditions: [{ type: 'Failed', status: 'True' }] } as never })
    const agents = make(DaemonSet, 'agents', {
      status: { desiredNumberScheduled: 1, numberReady: 1 } as DaemonSet['status'],
    })
    expect(
      names([
        { type: StatefulSet, objects: [set] },
        { type: DaemonSet, objects: [agents] },
        { type: Job, objects: [make(Job, 'runs'), failed] },
      ]),
    ).toEqual(['import failed', 'db progressing'])
  })

  it('is silent of what is scaled to nothing', () =>
    expect(
      names([{ type: Deployment, objects: [make(Deployment, 'off', { spec: { replicas: 0 } as never })] }]),
    ).toEqual([]))

  it('takes on what its pods say, and keeps its own words', () => {
    const crashing = makePod('db-1', {
      owner: set,
      status: {
        conditions: [],
        containerStatuses: [
          { name: 'main', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    })
    const [told] = unwellWorkloads([{ type: StatefulSet, objects: [set] }], new WorstPods([crashing]))
    expect(told).toMatchObject({ status: { tone: 'failed', text: 'CrashLoopBackOff' }, rollout: '1 of 2 ready.' })
  })
})
