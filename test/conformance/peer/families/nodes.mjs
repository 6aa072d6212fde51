// What a node may do: what of its pods it may read, and what it may write of itself and of them.
const MERGE = 'application/merge-patch+json'
const DRY = '?dryRun=All'
const of = name => ({ 'impersonate-user': `system:node:${name}`, 'impersonate-group': ['system:nodes'] })
const [mine, other] = [of('nr-1'), of('nr-2')]

const send = (method, path, body, headers) => ({
  name: `${headers?.['impersonate-user'] ?? 'admin'} ${method} ${path} ${JSON.stringify(body ?? null).slice(0, 200)}`,
  ...{ method, path, body, headers },
})
const get = (path, headers) => send('GET', path, undefined, headers)
const post = (path, body, headers) => send('POST', path, body, headers)
const remove = (path, headers) => send('DELETE', path, undefined, headers)
const merge = (path, body, headers) => ({ ...send('PATCH', path, body, headers), type: MERGE })

const N = '/api/v1/namespaces/nodes'
const NODES = '/api/v1/nodes'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces'
const STORAGE = '/apis/storage.k8s.io/v1'
const pod = (name, spec = {}, metadata = {}) => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'web', image: 'x' }], ...spec },
})
const mirror = (name, spec, metadata) =>
  pod(
    name,
    { nodeName: 'nr-1', ...spec },
    {
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'nr-1', uid: 'u', controller: true }],
      ...metadata,
    },
  )

const MADE = [
  post('/api/v1/namespaces', { metadata: { name: 'nodes' } }),
  post(`${N}/serviceaccounts`, { metadata: { name: 'default' } }),
  ...['nr-1', 'nr-2'].map(name => post(NODES, { metadata: { name } })),
  ...['used', 'unused', 'pull'].map(name => post(`${N}/secrets`, { metadata: { name } })),
  ...['used', 'unused'].map(name => post(`${N}/configmaps`, { metadata: { name } })),
  ...['used', 'unused'].map(name =>
    post(`${N}/persistentvolumeclaims`, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
    }),
  ),
  post(
    `${N}/pods`,
    pod('here', {
      nodeName: 'nr-1',
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        { name: 'a', secret: { secretName: 'used' } },
        { name: 'b', configMap: { name: 'used' } },
        { name: 'c', persistentVolumeClaim: { claimName: 'used' } },
      ],
    }),
  ),
  post(`${N}/pods`, pod('there', { nodeName: 'nr-2' })),
  post(`${N}/pods`, pod('nowhere')),
].map(step => ({ ...step, unjudged: true }))

const READS = [mine, other].flatMap(headers => [
  // Upstream learns what pods refer to a moment later.
  { ...get(`${N}/secrets/used`, headers), delay: 500 },
  ...['secrets/unused', 'secrets/pull', 'secrets', 'secrets?fieldSelector=metadata.name%3Dused'].map(path =>
    get(`${N}/${path}`, headers),
  ),
  ...['configmaps/used', 'configmaps/unused', 'persistentvolumeclaims/used', 'persistentvolumeclaims/unused'].map(
    path => get(`${N}/${path}`, headers),
  ),
  ...['here', 'there', 'nowhere'].map(name => get(`${N}/pods/${name}`, headers)),
  get('/api/v1/pods', headers),
  get('/api/v1/pods?fieldSelector=spec.nodeName%3Dnr-1', headers),
  get(`${NODES}/nr-1`, headers),
  get(NODES, headers),
  get(`${N}/serviceaccounts/default`, headers),
  get(`${STORAGE}/csinodes/nr-1`, headers),
  get(`${LEASES}/kube-node-lease/leases/nr-1`, headers),
])

const tokenOf = (name, spec) => ({
  spec: { audiences: ['https://bench'], boundObjectRef: spec && { kind: 'Pod', apiVersion: 'v1', name, ...spec } },
})
const WRITES = [
  ...['kubernetes.io/hostname', 'node-role.kubernetes.io/control-plane', 'kubernetes.io/arch', 'x.kubernetes.io/a'].map(
    key => merge(`${NODES}/nr-1${DRY}`, { metadata: { labels: { [key]: 'x' } } }, mine),
  ),
  ...['node-restriction.kubernetes.io/a', 'kubelet.kubernetes.io/a', 'node.kubernetes.io/a', 'example.com/a'].map(key =>
    merge(`${NODES}/nr-1${DRY}`, { metadata: { labels: { [key]: 'x' } } }, mine),
  ),
  merge(`${NODES}/nr-1${DRY}`, { metadata: { annotations: { a: 'b' } } }, mine),
  merge(`${NODES}/nr-2${DRY}`, { metadata: { annotations: { a: 'b' } } }, mine),
  merge(`${NODES}/nr-1${DRY}`, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, mine),
  merge(`${NODES}/nr-1${DRY}`, { spec: { unschedulable: true } }, mine),
  merge(
    `${NODES}/nr-1${DRY}`,
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'u' }] } },
    mine,
  ),
  merge(`${NODES}/nr-1/status${DRY}`, { status: { capacity: { cpu: '1' } } }, mine),
  merge(`${NODES}/nr-2/status${DRY}`, { status: { capacity: { cpu: '1' } } }, mine),
  merge(`${NODES}/nr-1/status${DRY}`, { metadata: { labels: { 'node-role.kubernetes.io/a': '' } } }, mine),
  remove(`${NODES}/nr-1${DRY}`, mine),
  remove(`${NODES}/nr-2${DRY}`, mine),
  post(NODES + DRY, { metadata: { name: 'nr-3' } }, mine),
  post(NODES + DRY, { metadata: { name: 'nr-3', labels: { 'node-role.kubernetes.io/a': '' } } }, of('nr-3')),
  post(NODES + DRY, { metadata: { name: 'nr-3' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, of('nr-3')),
  ...['here', 'there', 'nowhere'].flatMap(name => [
    merge(`${N}/pods/${name}/status${DRY}`, { status: { phase: 'Running' } }, mine),
    merge(`${N}/pods/${name}${DRY}`, { metadata: { labels: { a: 'b' } } }, mine),
    remove(`${N}/pods/${name}${DRY}`, mine),
    post(`${N}/pods/${name}/eviction${DRY}`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }, mine),
    post(`${N}/pods/${name}/binding${DRY}`, { target: { kind: 'Node', name: 'nr-1' } }, mine),
  ]),
  post(
    `${N}/pods/here/eviction${DRY}`,
    { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'there' } },
    mine,
  ),
  merge(`${N}/pods/here/status${DRY}`, { metadata: { labels: { a: 'b' } } }, mine),
  merge(`${N}/pods/here/status${DRY}`, { status: { resourceClaimStatuses: [{ name: 'a' }] } }, mine),
  post(`${N}/pods${DRY}`, pod('new', { nodeName: 'nr-1' }), mine),
  ...[
    mirror('new'),
    mirror('new', { nodeName: 'nr-2' }),
    mirror('new', {}, { ownerReferences: [] }),
    mirror('new', { serviceAccountName: 'default' }),
    mirror('new', { volumes: [{ name: 'a', secret: { secretName: 'used' } }] }),
    mirror('new', { volumes: [{ name: 'a', configMap: { name: 'used' } }] }),
    mirror('new', { containers: [{ name: 'a', image: 'x', envFrom: [{ secretRef: { name: 'used' } }] }] }),
    mirror(
      'new',
      {},
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'nr-2', uid: 'u', controller: true }] },
    ),
    mirror('new', {}, { labels: { 'node-role.kubernetes.io/a': '' } }),
  ].map(body => post(`${N}/pods${DRY}`, body, mine)),
  ...['kube-node-lease', 'default'].flatMap(namespace =>
    ['nr-1', 'nr-2'].map(name => post(`${LEASES}/${namespace}/leases${DRY}`, { metadata: { name } }, mine)),
  ),
  ...['nr-1', 'nr-2'].map(name =>
    post(`${STORAGE}/csinodes${DRY}`, { metadata: { name }, spec: { drivers: [] } }, mine),
  ),
  merge(`${N}/persistentvolumeclaims/used/status${DRY}`, { status: { phase: 'Bound' } }, mine),
  merge(`${N}/persistentvolumeclaims/unused/status${DRY}`, { status: { phase: 'Bound' } }, mine),
  ...[tokenOf(), tokenOf('here', {}), tokenOf('here', { uid: 'x' }), tokenOf('there', { uid: 'x' })].map(body =>
    post(`${N}/serviceaccounts/default/token${DRY}`, body, mine),
  ),
  post(`${N}/events${DRY}`, { metadata: { name: 'a' }, involvedObject: { kind: 'Pod', namespace: 'nodes' } }, mine),
  post(`${N}/secrets${DRY}`, { metadata: { name: 'a' } }, mine),
  merge(`${N}/secrets/used${DRY}`, { data: {} }, mine),
]

export function* cases() {
  yield { name: 'nodes', steps: [...MADE, ...READS, ...WRITES] }
}
