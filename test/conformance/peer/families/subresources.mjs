// Parts of objects: status, scale, binding, eviction, ephemeral containers, resize, approval, finalize.
const MERGE = 'application/merge-patch+json'
const PODS = '/api/v1/namespaces/judge/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/judge/deployments'
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

const pod = (name, spec = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'part' } },
  spec: {
    containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '1' } } }],
    terminationGracePeriodSeconds: 0,
    ...spec,
  },
})
const patch = (path, body, type = MERGE) => ({
  name: `PATCH ${path} ${JSON.stringify(body)}`,
  method: 'PATCH',
  path,
  type,
  body: JSON.stringify(body),
})
const put = (path, body) => ({ name: `PUT ${path} ${JSON.stringify(body).slice(0, 150)}`, method: 'PUT', path, body })
const post = (path, body) => ({
  name: `POST ${path} ${JSON.stringify(body).slice(0, 150)}`,
  method: 'POST',
  path,
  body,
})

const p = `${PODS}/part`
const ephemeral = more => ({ spec: { ephemeralContainers: [{ name: 'debug', image: 'web:1', ...more }] } })
const POD_STEPS = [
  post(PODS, pod('part')),
  patch(`${p}/ephemeralcontainers`, ephemeral({}), 'application/strategic-merge-patch+json'),
  patch(`${p}/ephemeralcontainers`, ephemeral({ image: 'other' }), 'application/strategic-merge-patch+json'),
  patch(`${p}/ephemeralcontainers`, { spec: { ephemeralContainers: [] } }),
  patch(`${p}/ephemeralcontainers`, {
    spec: {
      ephemeralContainers: [
        {
          name: 'web',
          image: 'x',
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: '1' } },
          livenessProbe: { httpGet: { port: 80 } },
          lifecycle: {},
          targetContainerName: 'none',
        },
      ],
    },
  }),
  { path: `${p}/ephemeralcontainers` },
  patch(
    `${p}/resize`,
    { spec: { containers: [{ name: 'web', resources: { requests: { cpu: '2' } } }] } },
    'application/strategic-merge-patch+json',
  ),
  patch(
    `${p}/resize`,
    { spec: { containers: [{ name: 'web', image: 'other', resources: { requests: { cpu: '3' } } }] } },
    'application/strategic-merge-patch+json',
  ),
  patch(
    `${p}/resize`,
    { spec: { containers: [{ name: 'web', resources: { limits: { cpu: '1' } } }] } },
    'application/strategic-merge-patch+json',
  ),
  patch(
    `${p}/resize`,
    { spec: { containers: [{ name: 'web', resources: { requests: { 'example.com/gpu': '1' } } }] } },
    'application/strategic-merge-patch+json',
  ),
  patch(
    p,
    { spec: { containers: [{ name: 'web', resources: { requests: { cpu: '5' } } }] } },
    'application/strategic-merge-patch+json',
  ),
  patch(p, { spec: { containers: [{ name: 'web', image: 'web:2' }] } }, 'application/strategic-merge-patch+json'),
  patch(p, { spec: { containers: [{ name: 'web', command: ['x'] }] } }, 'application/strategic-merge-patch+json'),
  patch(p, { spec: { activeDeadlineSeconds: 5 } }),
  patch(p, { spec: { activeDeadlineSeconds: 9 } }),
  patch(p, { spec: { nodeName: 'n1' } }),
  patch(p, { spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } }),
  patch(p, { spec: { terminationGracePeriodSeconds: 1 } }),
  patch(`${p}/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }),
  patch(`${p}/status`, { status: { phase: 'Other' } }),
  patch(`${p}/status`, { status: { conditions: [{ type: '', status: 'x' }] } }),
  patch(`${p}/status`, { status: { podIPs: [{ ip: 'x' }] } }),
  patch(`${p}/status`, { status: { nominatedNodeName: 'A_' } }),
  patch(`${p}/status`, { status: { hostIPs: [{ ip: '10.0.0.1' }] } }),
  post(`${p}/binding`, { target: {} }),
  post(`${p}/binding`, { metadata: { name: 'part' }, target: { kind: 'Pod', name: 'n1' } }),
  post(`${p}/binding`, { metadata: { name: 'other' }, target: { kind: 'Node', name: 'n1' } }),
  post(`${p}/binding`, { metadata: { name: 'part', uid: 'x' }, target: { kind: 'Node', name: 'n1' } }),
  post(`${p}/binding`, { metadata: { name: 'part' }, target: { kind: 'Node', name: 'n1' } }),
  post(`${p}/binding`, { metadata: { name: 'part' }, target: { kind: 'Node', name: 'n2' } }),
  post(`/api/v1/namespaces/judge/bindings`, { metadata: { name: 'part' }, target: { kind: 'Node', name: 'n2' } }),
  post(`${PODS}/none/binding`, { metadata: { name: 'none' }, target: { kind: 'Node', name: 'n2' } }),
  post(`${p}/eviction`, {}),
  post(`${p}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'other' } }),
  post(`${p}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'part' },
    deleteOptions: { dryRun: ['All'] },
  }),
  post(`${PODS}/none/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'none' } }),
  post('/apis/policy/v1/namespaces/judge/poddisruptionbudgets', {
    metadata: { name: 'part' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'part' } } },
  }),
  post(`${p}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'part' } }),
  post('/apis/policy/v1/namespaces/judge/poddisruptionbudgets', {
    metadata: { name: 'part-too' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'part' } } },
  }),
  post(`${p}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'part' } }),
  { path: `${p}/log` },
  { path: `${p}/log?container=none` },
  { path: `${p}/log?tailLines=-1` },
  { path: `${p}/log?sinceSeconds=-1` },
  { path: `${p}/log?limitBytes=0` },
  { path: `${p}/log?sinceTime=x` },
  { path: `${p}/log?stream=x` },
  { path: `${PODS}/none/log` },
  { path: `${p}/exec` },
  { path: `${p}/exec?command=a&container=none&stdout=true` },
  { path: `${p}/attach` },
  { path: `${p}/portforward` },
  { path: `${PODS}/none/exec?command=a&stdout=true` },
  { name: 'delete', method: 'DELETE', path: p },
  { path: p },
]

const d = `${DEPLOYMENTS}/part`
const workload = {
  metadata: { name: 'part' },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec } },
}
delete workload.spec.template.spec.terminationGracePeriodSeconds
const scale = (more, spec = { replicas: 3 }) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'part', namespace: 'judge', ...more },
  spec,
})
const SCALE_STEPS = [
  post(DEPLOYMENTS, workload),
  { path: `${d}/scale` },
  { path: `${d}/scale`, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  put(`${d}/scale`, scale()),
  put(`${d}/scale`, scale({ name: 'other' })),
  put(`${d}/scale`, scale({ namespace: 'other' })),
  put(`${d}/scale`, scale({ resourceVersion: '1' })),
  put(`${d}/scale`, scale({ uid: 'x' })),
  put(`${d}/scale`, scale({}, { replicas: -1 })),
  put(`${d}/scale`, scale({}, {})),
  put(`${d}/scale`, workload),
  put(`${d}/scale?fieldValidation=Strict`, { ...scale(), x: 1 }),
  patch(`${d}/scale`, { spec: { replicas: 4 } }),
  patch(`${d}/scale`, { spec: { replicas: 'x' } }),
  patch(`${d}/scale`, { spec: { replicas: -4 } }),
  patch(`${d}/scale`, [{ op: 'replace', path: '/spec/replicas', value: 6 }], 'application/json-patch+json'),
  {
    name: 'applied scale',
    method: 'PATCH',
    path: `${d}/scale?fieldManager=x&force=true`,
    type: 'application/apply-patch+yaml',
    body: JSON.stringify({ apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 7 } }),
  },
  { name: 'deleted scale', method: 'DELETE', path: `${d}/scale` },
  { path: `${DEPLOYMENTS}/none/scale` },
  put(`${DEPLOYMENTS}/none/scale`, { ...scale(), metadata: { name: 'none' } }),
  patch(`${d}/status`, { status: { replicas: -1 } }),
  patch(`${d}/status`, { status: { replicas: 2, updatedReplicas: 5, availableReplicas: 9 } }),
  patch(`${d}/status`, { status: { observedGeneration: -1, collisionCount: -1 } }),
  patch(`${d}/status`, { spec: { replicas: 9 }, status: { readyReplicas: 0 } }),
  put(`${d}/status`, workload),
  { path: `${d}/status` },
]

const csr = {
  metadata: { name: 'part' },
  spec: { request: Buffer.from('x').toString('base64'), signerName: 'example.com/a', usages: ['client auth'] },
}
const NAMESPACE_STEPS = [
  post('/api/v1/namespaces', { metadata: { name: 'part' } }),
  put('/api/v1/namespaces/part/finalize', {
    metadata: { name: 'part' },
    spec: { finalizers: ['example.com/a', 'kubernetes'] },
  }),
  put('/api/v1/namespaces/part/finalize', { metadata: { name: 'part' }, spec: { finalizers: ['bad'] } }),
  patch('/api/v1/namespaces/part/status', { status: { phase: 'Terminating' } }),
  patch('/api/v1/namespaces/part', { spec: { finalizers: [] } }),
  { name: 'delete', method: 'DELETE', path: '/api/v1/namespaces/part' },
  post('/api/v1/namespaces/part/configmaps', { metadata: { name: 'a' } }),
  post('/api/v1/namespaces/none/configmaps', { metadata: { name: 'a' } }),
  { name: 'delete again', method: 'DELETE', path: '/api/v1/namespaces/part' },
  ...['default', 'kube-system', 'kube-public'].map(name => ({
    name: `delete ${name}`,
    method: 'DELETE',
    path: `/api/v1/namespaces/${name}?dryRun=All`,
  })),
  { name: 'delete all namespaces', method: 'DELETE', path: '/api/v1/namespaces' },
]

export function* cases() {
  yield { name: 'pod', steps: POD_STEPS }
  yield { name: 'scale', steps: SCALE_STEPS }
  yield { name: 'request', steps: [post(CSRS, csr), put(`${CSRS}/none/approval`, csr)] }
  yield { name: 'namespace', steps: NAMESPACE_STEPS }
}
