// What a pod's drawer tells of its spec.
import { describe, expect, it } from 'vitest'
import type { Container, Pod } from '../../src/shared/api/core/v1.ts'
import { placementFacts, probesText } from '@/drawer/pod-facts.ts'
import { makePod } from './support/objects.ts'

describe('placementFacts()', () => {
  const told = (spec: Partial<Pod['spec']>) =>
    Object.fromEntries(placementFacts(makePod('web', { spec })).filter(([, value]) => value))

  it('is silent of what every pod has', () => {
    const usual = ['not-ready', 'unreachable'].map(name => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }))
    expect(told({ tolerations: usual })).toEqual({})
  })

  it('tells where it may run', () =>
    expect(
      told({
        nodeSelector: { disk: 'ssd', zone: 'a' },
        tolerations: [{ operator: 'Exists' }, { key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
        priorityClassName: 'high',
        hostNetwork: true,
      }),
    ).toEqual({
      'Node selector': 'disk=ssd\nzone=a',
      Tolerates: 'everything\ngpu=yes:NoSchedule',
      'Priority class': 'high',
      Network: 'that of its node',
    }))
})

it('probesText() tells each probe, what it asks and how often', () => {
  const container = {
    name: 'main',
    livenessProbe: { httpGet: { port: 80, path: '/alive' }, periodSeconds: 5 },
    readinessProbe: { tcpSocket: { port: 5432 } },
  } as Container
  expect(probesText(container)).toBe('readiness: TCP :5432 every 10s\nliveness: HTTP GET :80/alive every 5s')
})
