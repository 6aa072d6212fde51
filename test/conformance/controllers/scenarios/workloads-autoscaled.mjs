// Autoscalers that go by a metric of an API server outside, which both clusters ask.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const DEPLOYMENTS = 'apps/v1/deployments'
const HPAS = 'autoscaling/v2/horizontalpodautoscalers'
const APISERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const GROUP = 'external.metrics.k8s.io'
const VERSION = `${GROUP}/v1beta1`
/** Autoscalers look every 15 s, and may find twice that they may not go on yet. */
const quietMs = 32_000
const mostMs = 120_000

/** `namespace/metric` → value */
const values = new Map()
let port

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'))
  const [key, cert] = ['tls.key', 'tls.crt'].map(name => join(folder, name))
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ]
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  try {
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function answer(path) {
  const [, namespace, metricName] = /namespaces\/([^/]+)\/([^/?]+)/.exec(path) ?? []
  if (!metricName) return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: VERSION, resources: [] }
  const value = values.get(`${namespace}/${metricName}`)
  const items =
    value === undefined ? [] : [{ metricName, metricLabels: {}, timestamp: new Date().toISOString(), value }]
  return { kind: 'ExternalMetricValueList', apiVersion: VERSION, metadata: {}, items }
}

/** Ends with the run. */
const started = () =>
  (port ??= new Promise(resolve => {
    const server = createServer(certificate(), (request, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(answer(request.url)))
    })
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  }))

/** Has the cluster ask there; the first scenario does it for all. */
async function serveMetrics(side) {
  const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port: await started() }] }
  await side
    .create('/api/v1/namespaces/kube-system/services', { metadata: { name: 'metrics-outside' }, spec })
    .catch(() => undefined)
  const service = { namespace: 'kube-system', name: 'metrics-outside', port: await started() }
  const apiService = {
    metadata: { name: `v1beta1.${GROUP}` },
    spec: {
      ...{ group: GROUP, version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
      ...{ insecureSkipTLSVerify: true, service },
    },
  }
  await side.create(APISERVICES, apiService).catch(() => undefined)
  for (let tries = 0; tries < 200; tries++) {
    const { status } = await side.get(`${APISERVICES}/v1beta1.${GROUP}`)
    if (status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True')) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('the metrics are not served')
}

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
    await serveMetrics(side)
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
