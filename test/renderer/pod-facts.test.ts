// What drawers tell of the spec of a pod, and of a template of pods.
import { describe, expect, it } from 'vitest'
import type { Container, Pod } from '../../src/shared/api/core/v1.ts'
import { containerFacts, placementFacts } from '@/drawer/pod-facts.ts'
import { makePod } from './support/objects.ts'

describe('placementFacts()', () => {
  const told = (spec: Partial<Pod['spec']>) =>
    Object.fromEntries(placementFacts(makePod('web', { spec }).spec).filter(([, value]) => value))

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

it('containerFacts() tells what a container runs, asks for, is told and is asked, one value a line', () => {
  const container = {
    name: 'main',
    image: 'shop:2',
    command: ['serve'],
    args: ['--fast'],
    ports: [{ name: 'http', containerPort: 80 }],
    resources: { requests: { cpu: '20m', memory: '16Mi' } },
    env: [
      { name: 'MODE', value: 'fast' },
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
    ],
    envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'APP_' }],
    livenessProbe: { httpGet: { port: 80, path: '/alive' }, periodSeconds: 5 },
    readinessProbe: { tcpSocket: { port: 5432 } },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  } as Container
  expect(Object.fromEntries(containerFacts(container).filter(([, value]) => value))).toEqual({
    Image: 'shop:2',
    Ports: 'http 80/TCP',
    Requests: 'cpu 20m, memory 16Mi',
    Command: 'serve --fast',
    Probes: 'readiness: TCP :5432 every 10s\nliveness: HTTP GET :80/alive every 5s',
    Environment: 'APP_* from config map settings\nMODE=fast\nPASSWORD ← login/password',
    Mounts: 'data → /data\ntmp → /tmp',
  })
})
