// Autoscalers that go by a metric of an API server outside, which both clusters ask.
import { external as values, serveMetrics } from '../metrics-server.mjs'

const DEPLOYMENTS = 'apps/v1/deployments'
const HPAS = 'autoscaling/v2/horizontalpodautoscalers'
/** Autoscalers look every 15 s, and may find twice that they may not go on yet. */
const quietMs = 32_000
const mostMs = 120_000

const deployment = replicas => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'run' }] },
    },
  },
})
const metric = (name, target) => ({ type: 'External', external: { metric: { name }, target } })
const average = (averageValue, name = 'queue') => metric(name, { type: 'AverageValue', averageValue })
const whole = (value, name = 'queue') => metric(name, { type: 'Value', value })
const autoscaler = (spec, metrics = [average('5')]) => ({
  metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    ...{ minReplicas: 1, maxReplicas: 10, metrics, ...spec },
  },
})
const begin = (queue, replicas, hpa) => [
  `a queue of ${queue}`,
  async side => {
    await serveMetrics(side, 'external.metrics.k8s.io')
    values.set(`${side.namespace}/queue`, queue)
    await side.create(DEPLOYMENTS, deployment(replicas))
    await side.create(HPAS, hpa)
  },
  { quietMs, mostMs },
]
const queueOf = (queue, name = 'queue') => [
  `the ${name} is ${queue} now`,
  side => void values.set(`${side.namespace}/${name}`, queue),
  { quietMs, mostMs },
]
const change = (title, spec) => [title, side => side.merge(`${HPAS}/web`, { spec }), { quietMs, mostMs }]
const pods = (value, periodSeconds) => ({ type: 'Pods', value, periodSeconds })
const percent = (value, periodSeconds) => ({ type: 'Percent', value, periodSeconds })

export const scenarios = [
  {
    name: 'an autoscaler grows with a queue, and shrinks at once',
    steps: [
      begin('20', 1, autoscaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })),
      queueOf('21'),
      queueOf('1k'),
      queueOf('12'),
      queueOf('0'),
      change('at least two', { minReplicas: 2 }),
    ],
  },
  {
    name: 'an autoscaler that may grow by one, and not shrink',
    steps: [
      begin(
        '100',
        1,
        autoscaler({
          behavior: { scaleUp: { policies: [pods(1, 600)] }, scaleDown: { selectPolicy: 'Disabled' } },
        }),
      ),
      queueOf('0'),
      change('by one, at once', {
        behavior: { scaleDown: { selectPolicy: 'Max', stabilizationWindowSeconds: 0, policies: [pods(1, 600)] } },
      }),
    ],
  },
  {
    name: 'an autoscaler with several policies',
    steps: [
      begin(
        '200',
        3,
        autoscaler({
          maxReplicas: 30,
          behavior: {
            scaleUp: { selectPolicy: 'Min', policies: [pods(4, 600), percent(50, 600)] },
            scaleDown: {
              stabilizationWindowSeconds: 0,
              selectPolicy: 'Max',
              policies: [pods(1, 600), percent(50, 600)],
            },
          },
        }),
      ),
      queueOf('0'),
    ],
  },
  {
    name: 'an autoscaler that waits before it grows, and before it shrinks',
    steps: [
      begin('10', 2, autoscaler({ behavior: { scaleUp: { stabilizationWindowSeconds: 3600 } } })),
      queueOf('40'),
      change('at once', { behavior: { scaleUp: { stabilizationWindowSeconds: 0 } } }),
      queueOf('5'),
    ],
  },
  {
    name: 'an autoscaler and what is near enough',
    steps: [
      begin('21', 2, autoscaler({}, [whole('20')])),
      change('nothing else is', { behavior: { scaleUp: { tolerance: '0' } } }),
      queueOf('18500m'),
      change('of two metrics', { metrics: [average('5'), average('1', 'other')] }),
      queueOf('7', 'other'),
      queueOf('0'),
    ],
  },
  {
    name: 'an autoscaler of what is not there, and of what is scaled to none',
    steps: [
      begin('20', 0, autoscaler({})),
      ['scaled by hand', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 20 } }), { quietMs, mostMs }],
      ['the Deployment is deleted', side => side.remove(`${DEPLOYMENTS}/web`), { quietMs }],
    ],
  },
]
