// Endpoints, their slices and mirrors, disruption budgets and evictions, autoscalers, quotas.
const template = (app, image = 'run', more = {}) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }], resources: { requests: { cpu: '100m' } } },
    ],
    ...more,
  },
})
const deployment = (app, replicas, image, more) => ({
  metadata: { name: app },
  spec: { replicas, selector: { matchLabels: { app } }, template: template(app, image, more) },
})
const pod = (name, app, image = 'run', more = {}, annotations = {}) => ({
  ...template(app, image, more),
  metadata: { name, labels: { app }, annotations },
})
const service = (name, spec) => ({ metadata: { name }, spec })
const DEPLOYMENTS = 'apps/v1/deployments'
const SERVICES = 'v1/services'
const ports = [{ name: 'web', port: 80, targetPort: 'http' }]
const hpa = (metrics, more = {}) => ({
  metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    ...{ minReplicas: 2, maxReplicas: 4, metrics, ...more },
  },
})
const cpu = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }]
const HPAS = 'autoscaling/v2/horizontalpodautoscalers'
const PDBS = 'policy/v1/poddisruptionbudgets'
const evict = (name, more = {}) => [
  `evict ${name}`,
  side =>
    side
      .create(`v1/pods/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more })
      .catch(error => error),
]

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** A kind of the namespace's own, which can be scaled. @returns its group */
async function kindOf(side) {
  const group = `${side.namespace}.example.com`
  const count = { type: 'integer' }
  const properties = { replicas: count }
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties }, status: { type: 'object', properties } },
  }
  await side.create(CRDS, {
    metadata: { name: `fleets.${group}` },
    spec: {
      ...{ group, scope: 'Namespaced', names: { plural: 'fleets', kind: 'Fleet' } },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
        },
      ],
    },
  })
  for (let tries = 0; tries < 100; tries++) {
    const { status } = await side.get(`${CRDS}/fleets.${group}`)
    if (status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True')) break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return group
}

export const scenarios = [
  {
    name: 'a Service and its pods',
    steps: [
      ['the Service alone', side => side.create(SERVICES, service('web', { selector: { app: 'web' }, ports }))],
      ['pods', side => side.create(DEPLOYMENTS, deployment('web', 2))],
      ['an unready one', side => side.create('v1/pods', pod('slow', 'web', 'unready'))],
      ['published all the same', side => side.merge('v1/services/web', { spec: { publishNotReadyAddresses: true } })],
      [
        'another port',
        side =>
          side.merge('v1/services/web', { spec: { ports: [...ports, { name: 'more', port: 81, targetPort: 9090 }] } }),
      ],
      ['labels', side => side.merge('v1/services/web', { metadata: { labels: { a: 'b' } } })],
      ['no pods', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 0 } })],
      ['the Service is deleted', side => side.remove('v1/services/web')],
    ],
  },
  {
    name: 'a headless Service of pods with names',
    steps: [
      [
        'all',
        async side => {
          await side.create(SERVICES, service('db', { clusterIP: 'None', selector: { app: 'db' }, ports }))
          await side.create('v1/pods', pod('one', 'db', 'run', { hostname: 'one', subdomain: 'db' }))
          await side.create('v1/pods', pod('two', 'db', 'run', { hostname: 'two', subdomain: 'other' }))
        },
      ],
      ['no port', side => side.merge('v1/services/db', { spec: { ports: null } })],
    ],
  },
  {
    name: 'a pod that is on its way out',
    steps: [
      ['a Service', side => side.create(SERVICES, service('web', { selector: { app: 'web' }, ports }))],
      ['a pod', side => side.create('v1/pods', pod('leaving', 'web', 'run', {}, { 'hollow/stay': 'yes' }))],
      ['it is told to end', side => side.remove('v1/pods/leaving')],
      ['it is gone', side => side.remove('v1/pods/leaving', { gracePeriodSeconds: 0 })],
    ],
  },
  {
    name: 'Endpoints by hand',
    steps: [
      [
        'a Service without a selector',
        side => side.create(SERVICES, service('outside', { ports: [{ name: 'web', port: 80 }] })),
      ],
      [
        'its Endpoints',
        side =>
          side.create('v1/endpoints', {
            metadata: { name: 'outside', labels: { a: 'b' } },
            subsets: [
              {
                addresses: [{ ip: '192.0.2.8', hostname: 'eight' }],
                notReadyAddresses: [{ ip: '192.0.2.9' }],
                ports: [{ name: 'web', port: 80 }],
              },
              { addresses: [{ ip: '2001:db8::8' }], ports: [{ name: 'web', port: 81 }] },
            ],
          }),
      ],
      [
        'another',
        side =>
          side.merge('v1/endpoints/outside', {
            subsets: [{ addresses: [{ ip: '192.0.2.10' }], ports: [{ name: 'web', port: 80 }] }],
          }),
      ],
      [
        'they are not to be mirrored',
        side =>
          side.merge('v1/endpoints/outside', {
            metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
          }),
      ],
    ],
  },
  {
    name: 'Services of other types',
    steps: [
      [
        'all',
        async side => {
          await side.create(SERVICES, service('name', { type: 'ExternalName', externalName: 'example.com' }))
          await side.create(
            SERVICES,
            service('node', { type: 'NodePort', selector: { app: 'x' }, ports: [{ port: 80, protocol: 'UDP' }] }),
          )
          await side.create(
            SERVICES,
            service('local', {
              internalTrafficPolicy: 'Local',
              sessionAffinity: 'ClientIP',
              selector: { app: 'x' },
              ports,
            }),
          )
        },
      ],
    ],
  },
  {
    name: 'a disruption budget',
    steps: [
      [
        'a budget of nothing',
        side =>
          side.create(PDBS, {
            metadata: { name: 'web' },
            spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
          }),
      ],
      ['pods', side => side.create(DEPLOYMENTS, deployment('web', 3))],
      ['pods alone', side => side.create('v1/pods', pod('alone', 'web'))],
      evict('alone'),
      ['in percent', side => side.merge(`${PDBS}/web`, { spec: { minAvailable: '50%' } })],
      ['more pods', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 5 } })],
      [
        'by what may be missing',
        side => side.merge(`${PDBS}/web`, { spec: { minAvailable: null, maxUnavailable: '30%' } }),
      ],
      ['fewer pods', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 1 } })],
      ['pods that nobody scales', side => side.create('v1/pods', pod('bare', 'web'))],
    ],
  },
  {
    name: 'two budgets of one pod',
    steps: [
      [
        'all',
        async side => {
          for (const name of ['a', 'b'])
            await side.create(PDBS, {
              metadata: { name },
              spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
            })
          await side.create('v1/pods', pod('alone', 'web'))
        },
      ],
      evict('alone'),
    ],
  },
  {
    name: 'an autoscaler without metrics',
    quietMs: 17_000,
    steps: [
      [
        'create',
        async side => {
          await side.create(DEPLOYMENTS, deployment('web', 1))
          await side.create(HPAS, hpa(cpu))
        },
      ],
      [
        'a metric of objects',
        side =>
          side.merge(`${HPAS}/web`, {
            spec: {
              metrics: [
                {
                  type: 'External',
                  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } },
                },
              ],
            },
          }),
      ],
    ],
  },
  {
    name: 'an autoscaler of nothing',
    quietMs: 17_000,
    steps: [['create', side => side.create(HPAS, hpa(cpu))]],
  },
  {
    name: 'an autoscaler of what is scaled to nothing',
    quietMs: 17_000,
    steps: [
      [
        'create',
        async side => {
          await side.create(DEPLOYMENTS, deployment('web', 0))
          await side.create(HPAS, hpa(cpu))
        },
      ],
    ],
  },
  {
    name: 'a quota counts',
    quietMs: 6_000,
    steps: [
      [
        'all',
        async side => {
          await side.create('v1/resourcequotas', {
            metadata: { name: 'all' },
            spec: {
              hard: {
                ...{
                  pods: '10',
                  'requests.cpu': '2',
                  'limits.memory': '1Gi',
                  services: '5',
                  'services.nodeports': '2',
                },
                ...{ configmaps: '10', secrets: '10', persistentvolumeclaims: '3', 'requests.storage': '5Gi' },
                ...{
                  'count/deployments.apps': '4',
                  'count/jobs.batch': '2',
                  resourcequotas: '3',
                  replicationcontrollers: '2',
                },
              },
            },
          })
          await side.create('v1/resourcequotas', {
            metadata: { name: 'best-effort' },
            spec: { hard: { pods: '2' }, scopes: ['BestEffort'] },
          })
          await side.create('v1/resourcequotas', {
            metadata: { name: 'terminating' },
            spec: { hard: { pods: '2', 'requests.cpu': '1' }, scopes: ['Terminating'] },
          })
          await side.create('v1/limitranges', {
            metadata: { name: 'limits' },
            spec: { limits: [{ type: 'Container', default: { memory: '64Mi' }, defaultRequest: { cpu: '50m' } }] },
          })
        },
      ],
      ['pods', side => side.create(DEPLOYMENTS, deployment('web', 2))],
      [
        'a claim and a Service',
        async side => {
          await side.create(
            SERVICES,
            service('node', { type: 'NodePort', selector: { app: 'x' }, ports: [{ port: 80 }] }),
          )
          await side.create('v1/persistentvolumeclaims', {
            metadata: { name: 'data' },
            spec: { storageClassName: '', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          })
        },
      ],
      ['fewer pods', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 1 } })],
      ['another limit', side => side.merge('v1/resourcequotas/all', { spec: { hard: { services: '1' } } })],
      [
        'one of terminating pods',
        side => side.create('v1/pods', pod('short', 'short', 'run', { activeDeadlineSeconds: 600 })),
      ],
    ],
  },
  {
    name: 'a Service of pods that call their port by one name',
    steps: [
      [
        'two ports of one name, and a pod without',
        async side => {
          await side.create(SERVICES, service('web', { selector: { app: 'web' }, ports }))
          await side.create('v1/pods', pod('one', 'web'))
          const two = pod('two', 'web')
          two.spec.containers[0].ports[0].containerPort = 9090
          await side.create('v1/pods', two)
          const none = pod('none', 'web')
          delete none.spec.containers[0].ports
          await side.create('v1/pods', none)
          await side.create('v1/pods', pod('over', 'web', 'done', { restartPolicy: 'Never' }))
        },
      ],
      ['one is not chosen any more', side => side.merge('v1/pods/two', { metadata: { labels: { app: 'other' } } })],
      ['the Service chooses others', side => side.merge('v1/services/web', { spec: { selector: { app: 'other' } } })],
      ['it chooses nothing', side => side.merge('v1/services/web', { spec: { selector: null } })],
    ],
  },
  {
    name: 'Endpoints by hand, of a Service that chooses later',
    steps: [
      [
        'Endpoints without a Service',
        side =>
          side.create('v1/endpoints', {
            metadata: { name: 'outside', annotations: { a: 'b' } },
            subsets: [
              { addresses: [{ ip: '192.0.2.8' }, { ip: '192.0.2.9' }], ports: [{ port: 80, appProtocol: 'http' }] },
            ],
          }),
      ],
      ['the Service', side => side.create(SERVICES, service('outside', { ports: [{ port: 80 }] }))],
      ['no addresses', side => side.merge('v1/endpoints/outside', { subsets: [] })],
      ['it chooses pods', side => side.merge('v1/services/outside', { spec: { selector: { app: 'outside' } } })],
      ['a pod', side => side.create('v1/pods', pod('outside', 'outside'))],
    ],
  },
  {
    name: 'a budget, and pods that are not ready',
    steps: [
      [
        'pods, ready and not',
        async side => {
          await side.create(PDBS, {
            metadata: { name: 'web' },
            spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
          })
          for (const name of ['one', 'two']) await side.create('v1/pods', pod(name, 'web'))
          for (const name of ['ill', 'sick', 'weak']) await side.create('v1/pods', pod(name, 'web', 'unready'))
        },
      ],
      evict('ill'),
      ['one less is ready', side => side.remove('v1/pods/two')],
      evict('sick'),
      ['always', side => side.merge(`${PDBS}/web`, { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } })],
      evict('weak'),
      evict('one'),
    ],
  },
  {
    name: 'quotas of scopes',
    quietMs: 6_000,
    steps: [
      [
        'all',
        async side => {
          const quota = (name, spec) =>
            side.create('v1/resourcequotas', { metadata: { name }, spec: { hard: { pods: '2' }, ...spec } })
          await quota('not-best-effort', { scopes: ['NotBestEffort'] })
          await quota('not-terminating', { scopes: ['NotTerminating'] })
          await quota('important', {
            scopeSelector: {
              matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
            },
          })
          await quota('any-class', {
            scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Exists' }] },
          })
          await quota('neighbours', {
            scopeSelector: { matchExpressions: [{ scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' }] },
          })
          await quota('volumes', {
            hard: { persistentvolumeclaims: '3', 'gold.storageclass.storage.k8s.io/requests.storage': '5Gi' },
          })
        },
      ],
      [
        'pods and a claim',
        async side => {
          await side.create('v1/pods', pod('usual', 'usual'))
          const bare = pod('bare', 'bare', 'run', { activeDeadlineSeconds: 3600 })
          delete bare.spec.containers[0].resources
          await side.create('v1/pods', bare)
          const term = {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { app: 'x' } },
            namespaces: ['default'],
          }
          await side.create(
            'v1/pods',
            pod('apart', 'apart', 'run', {
              affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
            }),
          )
          await side.create('v1/persistentvolumeclaims', {
            metadata: { name: 'data' },
            spec: {
              storageClassName: 'gold',
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: '1Gi' } },
            },
          })
        },
      ],
      [
        'one ends',
        async side => {
          const { status } = await side.get('v1/pods/usual')
          await side.merge('v1/pods/usual/status', { status: { ...status, phase: 'Succeeded' } })
        },
      ],
    ],
  },
  {
    name: 'a headless Service of pods that are not ready, or end',
    steps: [
      [
        'all',
        async side => {
          await side.create(
            SERVICES,
            service('db', { clusterIP: 'None', selector: { app: 'db' }, ports, publishNotReadyAddresses: true }),
          )
          await side.create('v1/pods', pod('slow', 'db', 'unready', { hostname: 'slow', subdomain: 'db' }))
          await side.create('v1/pods', pod('leaving', 'db', 'run', {}, { 'hollow/stay': 'yes' }))
          await side.create('v1/pods', pod('waits', 'db', 'starting'))
        },
      ],
      ['one is told to end', side => side.remove('v1/pods/leaving')],
      ['only ready ones', side => side.merge('v1/services/db', { spec: { publishNotReadyAddresses: null } })],
      ['no port', side => side.merge('v1/services/db', { spec: { ports: null } })],
      ['no pods', side => side.merge('v1/services/db', { spec: { selector: { app: 'none' } } })],
    ],
  },
  {
    name: 'a Service becomes a name outside, and one inside again',
    steps: [
      [
        'with a pod',
        async side => {
          await side.create(SERVICES, service('web', { selector: { app: 'web' }, ports }))
          await side.create('v1/pods', pod('one', 'web'))
        },
      ],
      [
        'outside',
        side =>
          side.merge('v1/services/web', {
            spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null },
          }),
      ],
      ['inside', side => side.merge('v1/services/web', { spec: { type: 'ClusterIP', externalName: null } })],
      ['at nodes', side => side.merge('v1/services/web', { spec: { type: 'NodePort' } })],
    ],
  },
  {
    name: 'a budget of pods that somebody else scales',
    steps: [
      [
        'a kind, one of it, and its pods',
        async side => {
          const group = await kindOf(side)
          const fleet = await side.create(`${group}/v1/fleets`, {
            ...{ apiVersion: `${group}/v1`, kind: 'Fleet', metadata: { name: 'web' }, spec: { replicas: 3 } },
          })
          const { name, uid } = fleet.metadata
          const ownerReferences = [{ apiVersion: `${group}/v1`, kind: 'Fleet', name, uid, controller: true }]
          for (const each of ['one', 'two', 'three']) {
            const made = pod(each, 'web')
            await side.create('v1/pods', { ...made, metadata: { ...made.metadata, ownerReferences } })
          }
          await side.create(PDBS, {
            metadata: { name: 'web' },
            spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
          })
        },
      ],
      evict('one'),
      evict('two'),
      [
        'it is to have five',
        side => side.merge(`${side.namespace}.example.com/v1/fleets/web`, { spec: { replicas: 5 } }),
        { quietMs: 4_000 },
      ],
      ['a pod of nobody beside them', side => side.create('v1/pods', pod('alone', 'web'))],
    ],
  },
  {
    name: 'budgets of sets, of nothing, and of all',
    steps: [
      [
        'all',
        async side => {
          const budget = (name, spec) => side.create(PDBS, { metadata: { name }, spec })
          await budget('all', { maxUnavailable: '50%', selector: {} })
          await budget('none', { minAvailable: 1 })
          await budget('db', { maxUnavailable: 1, selector: { matchLabels: { app: 'db' } } })
          await side.create('apps/v1/statefulsets', deployment('db', 3))
          await side.create('v1/replicationcontrollers', {
            metadata: { name: 'old' },
            spec: { replicas: 2, selector: { app: 'old' }, template: template('old') },
          })
        },
      ],
      evict('db-1', { deleteOptions: { dryRun: ['All'] } }),
      ['one fails', side => side.merge('v1/pods/db-0/status', { status: { phase: 'Failed' } })],
    ],
  },
  {
    name: 'pods that ask for something as a whole, and their quotas',
    steps: [
      [
        'quotas',
        async side => {
          await side.create('v1/resourcequotas', {
            metadata: { name: 'all' },
            spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '4', 'requests.memory': '2Gi', pods: '5' } },
          })
        },
      ],
      [
        'pods',
        async side => {
          const as = (name, resources) => {
            const made = pod(name, name, 'run', { resources })
            made.spec.containers[0].resources = { requests: { cpu: '100m' } }
            return side.create('v1/pods', made)
          }
          await as('whole', { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2' } })
          await as('limited', { limits: { cpu: '500m', memory: '512Mi' } })
          await as('too-much', { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1' } }).catch(() => undefined)
        },
        { quietMs: 6_000 },
      ],
    ],
  },
]
