// Quotas: whom their scopes mean, and what is counted of pods, claims, services and of objects as such.
const MERGE = 'application/merge-patch+json'
const DRY = '?dryRun=All'
const N = '/api/v1/namespaces/quotas'
const send = (method, path, body) => ({
  name: `${method} ${path} ${JSON.stringify(body ?? null).slice(0, 240)}`,
  ...{ method, path, body },
})
const post = (path, body) => send('POST', path, body)
const merge = (path, body) => ({ ...send('PATCH', path, body), type: MERGE })
const quiet = step => ({ ...step, unjudged: true })

/** With nothing used, as its controller would write it. */
function quota(name, hard, spec = {}) {
  const known = Object.fromEntries(Object.keys(hard).map(key => [key, '0']))
  return [
    quiet(post(`${N}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } })),
    quiet(merge(`${N}/resourcequotas/${name}/status`, { status: { hard, used: known } })),
  ]
}
const selecting = (scopeName, operator, values) => ({
  scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values ? { values } : {}) }] },
})
/** What is used is counted here, whatever a status says: nothing more may be. */
const full = { pods: '0' }

const sized = (requests, limits) => ({ resources: { ...(requests && { requests }), ...(limits && { limits }) } })
const pod = (spec = {}, container = {}) => ({
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'web', image: 'x', ...container }], ...spec },
})
const PODS = [
  pod(),
  pod({}, sized({ cpu: '10m' })),
  pod({}, sized({ cpu: '2' }, { cpu: '2', memory: '1Gi' })),
  pod({}, sized(undefined, { cpu: '1', memory: '1Gi' })),
  pod({}, sized({ 'example.com/gpu': '1' }, { 'example.com/gpu': '1' })),
  pod({}, sized({ 'ephemeral-storage': '1Gi' })),
  pod({ activeDeadlineSeconds: 5 }),
  pod({ activeDeadlineSeconds: 5 }, sized({ cpu: '10m' })),
  pod({ priorityClassName: 'system-node-critical' }),
  pod({ initContainers: [{ name: 'i', image: 'x', ...sized({ cpu: '3' }, { cpu: '3' }) }] }),
  pod({ ...sized({ cpu: '3' }, { cpu: '3' }) }),
  pod({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'a', namespaces: ['other'], labelSelector: { matchLabels: { a: 'b' } } },
        ],
      },
    },
  }),
]
const under = (...quotas) => [
  ...quotas.flat(),
  ...PODS.map(body => post(`${N}/pods${DRY}`, body)),
  ...quotas.flatMap(steps => steps.slice(0, 1)).map(({ body }) => quiet(send('DELETE', `${N}/resourcequotas/${body.metadata.name}`))), // prettier-ignore
]

const claim = (size, more = {}) => ({
  metadata: { name: 'a', ...more.metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...more.spec },
})
const service = spec => ({ metadata: { name: 'a' }, spec: { ports: [{ port: 80 }], ...spec } })
const OTHERS = [
  ...quota('others', {
    'requests.storage': '2Gi',
    persistentvolumeclaims: '1',
    'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
    services: '1',
    'services.nodeports': '1',
    'services.loadbalancers': '0',
    'count/secrets': '0',
    'count/deployments.apps': '0',
    replicationcontrollers: '0',
  }),
  ...['1Gi', '2Gi', '3Gi'].map(size => post(`${N}/persistentvolumeclaims${DRY}`, claim(size))),
  ...['512Mi', '2Gi'].map(size =>
    post(`${N}/persistentvolumeclaims${DRY}`, claim(size, { spec: { storageClassName: 'gold' } })),
  ),
  ...[
    {},
    { type: 'NodePort' },
    { type: 'NodePort', ports: [80, 81].map(port => ({ port, name: `p${port}` })) },
    { type: 'LoadBalancer' },
    { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false },
    { type: 'ExternalName', externalName: 'example.com', ports: [] },
  ].map(spec => post(`${N}/services${DRY}`, service(spec))),
  post(`${N}/secrets${DRY}`, { metadata: { name: 'a' } }),
  post(`${N}/configmaps${DRY}`, { metadata: { name: 'a' } }),
  post(`/apis/apps/v1/namespaces/quotas/deployments${DRY}`, {
    metadata: { name: 'a' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod().spec } },
  }),
  post(`${N}/replicationcontrollers${DRY}`, {
    metadata: { name: 'a' },
    spec: { selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: pod().spec } },
  }),
]

const MADE = [
  post('/api/v1/namespaces', { metadata: { name: 'quotas' } }),
  post(`${N}/serviceaccounts`, { metadata: { name: 'default' } }),
].map(quiet)

export function* cases() {
  yield {
    name: 'quotas',
    steps: [
      ...MADE,
      ...under(quota('plain', { 'requests.cpu': '1', 'limits.memory': '2Gi', pods: '5' })),
      ...under(quota('plain', { cpu: '10m' })),
      ...under(quota('plain', { 'requests.example.com/gpu': '0', 'requests.ephemeral-storage': '1Mi' })),
      ...under(quota('plain', { 'count/pods': '0' })),
      ...['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity'].flatMap(scope =>
        under(quota('scoped', full, { scopes: [scope] })),
      ),
      ...under(quota('scoped', full, selecting('PriorityClass', 'In', ['system-node-critical']))),
      ...under(quota('scoped', full, selecting('PriorityClass', 'NotIn', ['system-node-critical']))),
      ...under(quota('scoped', full, selecting('PriorityClass', 'Exists'))),
      ...under(quota('scoped', full, selecting('PriorityClass', 'DoesNotExist'))),
      ...under(quota('a', full, { scopes: ['BestEffort'] }), quota('b', full, { scopes: ['Terminating'] })),
      ...OTHERS,
    ],
  }
}
