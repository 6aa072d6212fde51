// What drawers tell of kinds that have no details of their own.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Host } from '../../../src/shared/api/flotilla/v1.ts'
import { kindFacts } from '@/drawer/kind-facts.ts'
import { useClusterStore } from '@/stores/cluster.ts'

const told = (kind: string, object: object) =>
  Object.fromEntries(kindFacts({ kind, metadata: {}, ...object } as never, false).filter(([, value]) => value))

beforeEach(() => setActivePinia(createPinia()))

it('what an autoscaler measured is told in the units that people read, whatever it was measured of', () => {
  const facts = told('HorizontalPodAutoscaler', {
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      maxReplicas: 6,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } },
        { type: 'Resource', resource: { name: 'memory', target: { averageValue: '48Mi' } } },
        { type: 'Pods', pods: { metric: { name: 'requests' }, target: { averageValue: '10' } } },
      ],
    },
    status: {
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 2, averageValue: '1m' } } },
        { type: 'Resource', resource: { name: 'memory', current: { averageValue: '273066666m' } } },
        { type: 'Pods', pods: { metric: { name: 'requests' }, current: { averageValue: '33400m' } } },
      ],
    },
  })
  expect(facts['Aims at']).toBe('cpu at 70%\nmemory at 48 MiB\nrequests at 10')
  expect(facts['Measured']).toBe('cpu 2%\nmemory 267 KiB\nrequests 33.4')
})

describe('a cron job', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-30T10:15:00Z') }))
  afterEach(() => void vi.useRealTimers())
  const next = (spec: object) =>
    told('CronJob', {
      metadata: { creationTimestamp: '2026-11-30T10:00:00Z' },
      spec: { schedule: '30 12 * * *', jobTemplate: { spec: { template: {} } }, ...spec },
      status: {},
    })['Next run']
  const at = (time: string) =>
    new Intl.DateTimeFormat(navigator.language, { dateStyle: 'short', timeStyle: 'medium' }).format(Date.parse(time))

  it('tells when it runs next, by the clock of its time zone', () => {
    expect(next({ timeZone: 'Europe/Berlin' })).toContain(at('2026-11-30T11:30:00Z').split(', ')[1])
  })

  it('does not while it is suspended, nor by a clock that is not known', () => {
    expect(next({ timeZone: 'Europe/Berlin', suspend: true })).toBeUndefined()
    expect(next({})).toBeUndefined()
    useClusterStore().kinds = [{ type: Host }] as never
    expect(next({})).toContain(at('2026-11-30T12:30:00Z').split(', ')[1])
    expect(next({ schedule: 'H 3 * * *' })).toBeUndefined()
  })
})

it('a volume tells where it can be reached from', () =>
  expect(
    told('PersistentVolume', {
      spec: {
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['box'] }] },
              { matchExpressions: [{ key: 'disks', operator: 'Gt', values: ['2'] }] },
            ],
          },
        },
      },
    })['Reached from'],
  ).toBe('kubernetes.io/hostname=box\ndisks Gt 2'))
