// Autoscalers that go by what pods and their containers use, by metrics of pods and of other objects, and by several of
// which some fail.
import { external, ofObjects, serveMetrics, usage } from '../metrics-server.mjs'

const SETS = 'apps/v1/statefulsets'
const HPAS = 'autoscaling/v2/horizontalpodautoscalers'
/** Autoscalers look every 15 s, and may find twice that they may not go on yet. */
const quietMs = 32_000
const mostMs = 120_000
const GROUPS = ['external.metrics.k8s.io', 'custom.metrics.k8s.io', 'metrics.k8s.io']

const container = (name, requests = { cpu: '100m', memory: '100Mi' }) => ({
  name,
  image: 'run',
  resources: { requests },
})
/** A set, so that pods have the same names in both clusters. */
const set = (replicas, containers = [container('main')]) => ({
  metadata: { name: 'web' },
  spec: {
    ...{ replicas, serviceName: 'web', podManagementPolicy: 'Parallel', selector: { matchLabels: { app: 'web' } } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { terminationGracePeriodSeconds: 1, nodeSelector: { 'kubernetes.io/hostname': 'node-1' }, containers },
    },
  },
})
const autoscaler = (metrics, more = {}) => ({
  metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web' },
    ...{ minReplicas: 1, maxReplicas: 10, metrics },
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    ...more,
  },
})
/** What each pod uses, from the first on. */
function use(side, ...pods) {
  for (const key of [...usage.keys()]) if (key.startsWith(`${side.namespace}/`)) usage.delete(key)
  for (const [i, used] of pods.entries()) if (used) usage.set(`${side.namespace}/web-${i}`, used)
}
const main = (cpu, memory = '50Mi') => ({ main: { cpu, memory } })
const same = (count, used) => Array.from({ length: count }, () => used)
const begin = (replicas, metrics, tell, containers) => [
  'create',
  async side => {
    await serveMetrics(side, ...GROUPS)
    tell(side)
    await side.create(SETS, set(replicas, containers))
    // An autoscaler that looks before they are ready begins elsewhere.
    await new Promise(resolve => setTimeout(resolve, 8_000))
    await side.create(HPAS, autoscaler(metrics))
  },
  { quietMs, mostMs },
]
const now = (title, act) => [title, act, { quietMs, mostMs }]
const resource = (name, target) => ({ type: 'Resource', resource: { name, target } })
const utilization = averageUtilization => ({ type: 'Utilization', averageUtilization })
const averageValue = value => ({ type: 'AverageValue', averageValue: value })
const queue = (name, target) => ({ type: 'External', external: { metric: { name }, target } })
const tellPackets = (side, ...values) => {
  for (const key of [...ofObjects.keys()]) if (key.startsWith(`${side.namespace}/pods/`)) ofObjects.delete(key)
  for (const [i, value] of values.entries()) if (value) ofObjects.set(`${side.namespace}/pods/web-${i}/packets`, value)
}

export const scenarios = [
  {
    name: 'an autoscaler of what pods use of their request',
    steps: [
      begin(2, [resource('cpu', utilization(50))], side => use(side, ...same(2, main('100m')))),
      now('one of four is not told of', side => use(side, main('60m'), main('60m'), main('60m'))),
      now('little is used, one is not told of', side => use(side, main('10m'), main('10m'), main('10m'))),
      now('nothing is told', side => use(side)),
    ],
  },
  {
    name: 'an autoscaler of what pods use on average, and of memory',
    steps: [
      begin(2, [resource('cpu', averageValue('20m')), resource('memory', utilization(90))], side =>
        use(side, ...same(2, main('30m', '50Mi'))),
      ),
      now('much memory', side => use(side, ...same(3, main('20m', '150Mi')))),
      now('little', side => use(side, ...same(6, main('1m', '1Mi')))),
    ],
  },
  {
    name: 'an autoscaler of what one container uses',
    steps: [
      begin(
        2,
        [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'main', target: utilization(50) } }],
        side => use(side, ...same(2, { main: { cpu: '100m', memory: '1Mi' }, side: { cpu: '1', memory: '1Mi' } })),
        [container('main'), container('side')],
      ),
      now('a container that is none', side =>
        side.merge(`${HPAS}/web`, {
          spec: {
            metrics: [
              {
                type: 'ContainerResource',
                containerResource: { name: 'cpu', container: 'none', target: utilization(50) },
              },
            ],
          },
        }),
      ),
    ],
  },
  {
    name: 'an autoscaler of pods without requests',
    steps: [
      begin(2, [resource('cpu', utilization(50))], side => use(side, ...same(2, main('100m'))), [
        container('main', { memory: '1Mi' }),
      ]),
    ],
  },
  {
    name: 'an autoscaler of a metric of its pods',
    steps: [
      begin(2, [{ type: 'Pods', pods: { metric: { name: 'packets' }, target: averageValue('10') } }], side =>
        tellPackets(side, '20', '20'),
      ),
      now('one is not told of', side => tellPackets(side, '11', '11', '11')),
      now('few', side => tellPackets(side, '1', '1', '1', '1')),
    ],
  },
  {
    name: 'an autoscaler of a metric of a Service',
    steps: [
      begin(
        2,
        [
          {
            type: 'Object',
            object: {
              metric: { name: 'requests' },
              describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
              target: { type: 'Value', value: '100' },
            },
          },
        ],
        side => ofObjects.set(`${side.namespace}/services/front/requests`, '200'),
      ),
      now('for each pod', side =>
        side.merge(`${HPAS}/web`, {
          spec: {
            metrics: [
              {
                type: 'Object',
                object: {
                  metric: { name: 'requests' },
                  describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
                  target: averageValue('100'),
                },
              },
            ],
          },
        }),
      ),
      now('it is not told of', side => void ofObjects.delete(`${side.namespace}/services/front/requests`)),
    ],
  },
  {
    name: 'an autoscaler of several metrics of which one fails',
    steps: [
      begin(2, [queue('queue', averageValue('5')), queue('nobody-tells', averageValue('5'))], side =>
        external.set(`${side.namespace}/queue`, '20'),
      ),
      now('less, which is not believed', side => void external.set(`${side.namespace}/queue`, '5')),
      now('all fail', side => void external.delete(`${side.namespace}/queue`)),
      now('all are told', side => {
        external.set(`${side.namespace}/queue`, '5')
        external.set(`${side.namespace}/nobody-tells`, '10')
      }),
    ],
  },
]
