// Details of what is admitted: annotations that mean something, statuses of nodes, overhead of classes, sidecars within
// limits, requests for certificates, aggregated roles, evictions.
const MERGE = 'application/merge-patch+json'
const core = (namespace, resource) => `/api/v1/namespaces/${namespace}/${resource}`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const CERTIFICATES = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const DRY = '?dryRun=All'

const send = (method, path, body, headers, more = '') => ({
  name: `${method} ${path} ${JSON.stringify(body ?? null).slice(0, 200)}${more}`,
  ...{ method, path, body, headers },
})
const post = (path, body, headers) => send('POST', path, body, headers)
const merge = (path, body, headers) => ({ ...send('PATCH', path, body, headers), type: MERGE })

const inNamespace = (name, steps) => ({
  name,
  steps: [
    post('/api/v1/namespaces', { metadata: { name } }),
    { ...post(core(name, 'serviceaccounts'), { metadata: { name: 'default' } }), unjudged: true },
    ...steps,
  ],
})

const pod = (spec = {}, container = {}, metadata = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [{ name: 'web', image: 'web:1', ...container }], ...spec },
})

const COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_OF_WEB = 'container.seccomp.security.alpha.kubernetes.io/web'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const profile = (field, type, more) => ({ securityContext: { [field]: { type, ...more } } })

const ANNOTATED = [
  ...['0', '-5', '-05', '2147483647', '2147483648', '', '+1', '007', '-', 'x'].map(cost => [{ [COST]: cost }]),
  ...['runtime/default', 'docker/default', 'unconfined', 'localhost/a', 'localhost/', 'localhost/../a', 'x'].flatMap(
    value => [[{ [SECCOMP]: value }], [{ [SECCOMP_OF_WEB]: value }], [{ [`${APP_ARMOR}web`]: value }]],
  ),
  [{ [`${APP_ARMOR}other`]: 'unconfined' }],
  ...['RuntimeDefault', 'Unconfined'].flatMap(type => [
    [{ [SECCOMP]: 'docker/default' }, profile('seccompProfile', type)],
    [{ [SECCOMP_OF_WEB]: 'unconfined' }, {}, profile('seccompProfile', type)],
    [{ [`${APP_ARMOR}web`]: 'unconfined' }, {}, profile('appArmorProfile', type)],
    [{ [`${APP_ARMOR}web`]: '' }, profile('appArmorProfile', type)],
  ]),
  [{ [SECCOMP_OF_WEB]: 'localhost/b' }, {}, profile('seccompProfile', 'Localhost', { localhostProfile: 'a' })],
  [{ [`${APP_ARMOR}web`]: 'localhost/b' }, {}, profile('appArmorProfile', 'Localhost', { localhostProfile: 'a' })],
]

const annotations = ANNOTATED.flatMap(([values, spec, container]) => {
  const template = pod(spec, container, { annotations: values })
  return [
    post(core('details', 'pods') + DRY, template),
    post(core('details', 'podtemplates') + DRY, { metadata: { name: 'a' }, template }),
  ]
})

const PODS = core('details', 'pods')
const updates = [
  post(PODS, pod({}, {}, { name: 'kept', annotations: { [COST]: '1', [`${APP_ARMOR}web`]: 'unconfined' } })),
  ...[{ [COST]: '+1' }, { [SECCOMP]: 'x' }, { [`${APP_ARMOR}web`]: null }, { [COST]: null }].flatMap(values => [
    merge(`${PODS}/kept${DRY}`, { metadata: { annotations: values } }),
    merge(`${PODS}/kept/status${DRY}`, { metadata: { annotations: values } }),
  ]),
]

const NODES = '/api/v1/nodes'
const CONFIG = { configMap: { name: 'a', namespace: 'b', kubeletConfigKey: 'c' } }
const address = { type: 'InternalIP', address: '10.0.0.1' }
const STATUSES = [
  { config: { active: CONFIG } },
  { declaredFeatures: ['A', 'A/b', 'B'] },
  { declaredFeatures: ['B', 'A', 'A', 'a'] },
  { nodeInfo: { swap: { capacity: 0 } } },
  { capacity: { cpu: '-1' } },
  { capacity: { pods: '1500m' } },
  { addresses: [address, { ...address, type: 'Hostname' }, address] },
]
const nodes = [
  ...[{}, { configSource: {} }, { configSource: { configMap: {} } }, { configSource: CONFIG }].map(spec =>
    post(NODES + DRY, { metadata: { name: 'a' }, spec }),
  ),
  ...STATUSES.map(status => post(NODES + DRY, { metadata: { name: 'a' }, status })),
  post(NODES, { metadata: { name: 'details' } }),
  merge(`${NODES}/details${DRY}`, { spec: { configSource: CONFIG } }),
  ...STATUSES.map(status => merge(`${NODES}/details/status${DRY}`, { status })),
]

const always = { name: 'side', image: 'x', restartPolicy: 'Always' }
const sized = (requests, limits) => ({ resources: { requests, limits } })
const limits = [
  post(core('detail-limits', 'limitranges'), {
    metadata: { name: 'a' },
    spec: {
      limits: [
        { type: 'Pod', max: { cpu: '1', memory: '1Gi' } },
        {
          type: 'Container',
          max: { cpu: '1' },
          defaultRequest: { cpu: '100m' },
          default: { cpu: '500m', memory: '64Mi' },
        },
      ],
    },
  }),
  ...[
    pod(),
    pod({ initContainers: [always] }),
    pod({ initContainers: [{ ...always, ...sized({ cpu: '700m' }, { cpu: '700m' }) }] }),
    pod({ initContainers: [always, { name: 'i', image: 'x', ...sized({ cpu: '600m' }, { cpu: '600m' }) }] }),
    pod({ initContainers: [{ name: 'i', image: 'x', ...sized({ cpu: '600m' }, { cpu: '600m' }) }, always] }),
    pod(sized({ cpu: '1' }, { cpu: '2' })),
    pod(sized({ cpu: '1' }, { cpu: '1' }), sized({ cpu: '10m' })),
    pod({}, sized({ cpu: '0', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })),
    pod(sized({ cpu: '0', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })),
    pod({ resources: {} }, sized({ cpu: '10m' }, { cpu: '1' })),
  ].map(body => post(core('detail-limits', 'pods') + DRY, body)),
]

const classes = [
  post('/apis/node.k8s.io/v1/runtimeclasses', {
    ...{ metadata: { name: 'detail' }, handler: 'h', overhead: { podFixed: { cpu: '10m' } } },
    scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] },
  }),
  post('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'detail-none' }, handler: 'h' }),
  ...[
    { runtimeClassName: 'detail' },
    { runtimeClassName: 'detail', overhead: { cpu: '10m' } },
    { runtimeClassName: 'detail', overhead: { cpu: '20m' } },
    { runtimeClassName: 'detail', nodeSelector: { a: 'c' } },
    { runtimeClassName: 'detail', nodeSelector: { a: 'b', c: 'd' }, tolerations: [{ key: 'k', effect: 'NoExecute' }] },
    { runtimeClassName: 'detail', tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }] },
    { runtimeClassName: 'detail-none', overhead: { cpu: '10m' } },
    { runtimeClassName: 'detail-none' },
    { overhead: { cpu: '10m' } },
  ].map(spec => post(core('detail-classes', 'pods') + DRY, pod(spec))),
]

const TOKENS = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME = { name: 'v', emptyDir: {} }
const SECRETS = 'kubernetes.io/enforce-mountable-secrets'
const accounts = [
  post(core('detail-accounts', 'serviceaccounts'), {
    ...{ metadata: { name: 'strict', annotations: { [SECRETS]: 'true' } }, secrets: [{ name: 'mine' }] },
    ...{ imagePullSecrets: [{ name: 'pull' }], automountServiceAccountToken: false },
  }),
  ...[
    {},
    { serviceAccountName: 'none' },
    { serviceAccountName: 'strict' },
    { serviceAccountName: 'strict', automountServiceAccountToken: true },
    { serviceAccountName: 'strict', imagePullSecrets: [{ name: 'other' }] },
    { serviceAccountName: 'strict', imagePullSecrets: [{ name: 'pull' }] },
    { serviceAccountName: 'strict', volumes: [{ name: 'a', secret: { secretName: 'mine' } }] },
    { serviceAccountName: 'strict', volumes: [{ name: 'a', secret: { secretName: 'other' } }] },
    { serviceAccount: 'strict' },
    { serviceAccount: 'strict', serviceAccountName: 'default' },
    { volumes: [{ name: 'kube-api-access-x', emptyDir: {} }] },
    { containers: [{ name: 'a', image: 'x', volumeMounts: [{ name: 'v', mountPath: TOKENS }] }] },
    { containers: [{ name: 'a', image: 'x', volumeMounts: [{ name: 'v', mountPath: TOKENS }] }], volumes: [VOLUME] },
    { tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }] },
    { tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists' }] },
    { priority: -5 },
    { priorityClassName: 'none' },
    { priorityClassName: 'system-cluster-critical', priority: 2000000000 },
    { preemptionPolicy: 'Never' },
  ].map(spec => post(core('detail-accounts', 'pods') + DRY, pod(spec))),
  post(core('detail-accounts', 'pods') + DRY, {
    metadata: { name: 'a', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: { nodeName: 'n', containers: [{ name: 'a', image: 'x' }], serviceAccountName: 'strict' },
  }),
]

/** Of a key that nobody has, as the first of administrators. */
const MASTERS = {
  request:
    'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIaE1JR0lBZ0VBTUNZeEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWEp6TVFzd0NRWURWUVFEREFKcQpiekJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCT3p3NUFkMjBLL0x3OGJGRjJvSWpHdkYwblNnClJUVVRkWmJjeHVqaUx5RXJ4ZjBpb0VKYktxU0RDVDNhWklCQ0dMTzNoaXhNVDBjY1pXeXBMZGJKdm15Z0FEQUsKQmdncWhrak9QUVFEQWdOSUFEQkZBaUVBcGZOU3VUYzcrT3VtdmZOell2VHBBN3pCbE01MDRpRmhNZm51V0pncgpsRThDSUdBekU5YURjdnRvdE0rK0JJMmNGRmVlZzN1MzFsa1VNOHhNL2MvbkhhTmYKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==',
  usages: ['client auth'],
}
const SCHEDULING = '/apis/scheduling.k8s.io/v1/priorityclasses'
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses'
const INGRESSES = '/apis/networking.k8s.io/v1'
const ingress = (spec, metadata) => ({
  metadata: { name: 'a', ...metadata },
  spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } }, ...spec },
})
const claim = (spec, name = 'a') => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})
const defaults = [
  post(SCHEDULING, { metadata: { name: 'detail' }, value: 5, preemptionPolicy: 'Never' }),
  post(SCHEDULING + DRY, { metadata: { name: 'system-a' }, value: 5 }),
  post(SCHEDULING + DRY, { metadata: { name: 'detail-high' }, value: 1000000001 }),
  merge(`${SCHEDULING}/detail${DRY}`, { value: 6 }),
  merge(`${SCHEDULING}/detail${DRY}`, { description: 'a' }),
  ...[{}, { preemptionPolicy: 'PreemptLowerPriority' }, { priority: 4 }, { priority: 5 }].map(spec =>
    post(core('detail-defaults', 'pods') + DRY, pod({ priorityClassName: 'detail', ...spec })),
  ),
  post(CLASSES, { metadata: { name: 'detail' }, provisioner: 'example.com/a', allowVolumeExpansion: false }),
  post(CLASSES, { metadata: { name: 'detail-grows' }, provisioner: 'example.com/a', allowVolumeExpansion: true }),
  ...['detail', 'detail-grows', ''].flatMap((storageClassName, i) => [
    post(core('detail-defaults', 'persistentvolumeclaims'), claim({ storageClassName }, `c${i}`)),
    merge(`${core('detail-defaults', 'persistentvolumeclaims')}/c${i}${DRY}`, {
      spec: { resources: { requests: { storage: '2Gi' } } },
    }),
  ]),
  post(`${INGRESSES}/ingressclasses`, { metadata: { name: 'detail' }, spec: { controller: 'example.com/a' } }),
  ...[{}, { ingressClassName: 'none' }, { ingressClassName: 'detail' }].map(spec =>
    post(`${INGRESSES}/namespaces/detail-defaults/ingresses${DRY}`, ingress(spec)),
  ),
  post(
    `${INGRESSES}/namespaces/detail-defaults/ingresses${DRY}`,
    ingress({ ingressClassName: 'detail' }, { annotations: { 'kubernetes.io/ingress.class': 'x' } }),
  ),
  ...['default', 'kube-system', 'kube-public'].map(name => send('DELETE', `/api/v1/namespaces/${name}${DRY}`)),
  post(core('detail-gone', 'configmaps'), { metadata: { name: 'a' } }),
  post(`${core('detail-gone', 'configmaps')}${DRY}`, { metadata: { name: 'a' } }),
  post(CERTIFICATES + DRY, {
    metadata: { name: 'detail-masters' },
    spec: { ...MASTERS, signerName: 'kubernetes.io/kube-apiserver-client' },
  }),
]

const clerk = { 'impersonate-user': 'clerk' }
const role = (name, rules, more) => ({ metadata: { name }, rules, ...more })
const CLERKS = [
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles', 'roles'], verbs: ['*'] },
  { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/status'], verbs: ['*'] },
  { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['*'] },
  { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] },
]
const anything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
const RULE = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }
const roles = [
  post(`${RBAC}/clusterroles`, role('clerk', CLERKS)),
  post(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'clerk' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'clerk' },
    subjects: [{ kind: 'User', name: 'clerk', apiGroup: 'rbac.authorization.k8s.io' }],
  }),
  post(`${RBAC}/clusterroles`, role('detail-sum', [], RULE)),
  post(`${RBAC}/clusterroles${DRY}`, role('detail-own', [anything]), clerk),
  post(`${RBAC}/clusterroles${DRY}`, role('detail-own', [], RULE), clerk),
  post(`${RBAC}/clusterroles${DRY}`, role('detail-own', [CLERKS[0]]), clerk),
  merge(`${RBAC}/clusterroles/detail-sum${DRY}`, { metadata: { labels: { a: 'b' } } }, clerk),
  merge(`${RBAC}/clusterroles/detail-sum${DRY}`, { aggregationRule: null }, clerk),
  merge(`${RBAC}/clusterroles/detail-sum${DRY}`, { aggregationRule: { clusterRoleSelectors: [{}] } }, clerk),
  merge(`${RBAC}/clusterroles/detail-sum${DRY}`, { rules: [anything] }, clerk),
]

/** Of a key that nobody has. */
const REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1HOENBUUF3RFRFTE1Ba0dBMVVFQXd3Q2FtOHdXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQwpBQVNqVEdjVk5SNU9NaFhXVXZaOFc1dlVubFhocGdzTGhWdjNLQVMvQzFnTzZEY3VrRWN3N05wdkcxK3ZDNjN6CitER0FVeWNOKzlUdGNORWFKQm82dU5PUW9BQXdDZ1lJS29aSXpqMEVBd0lEU0FBd1JRSWhBSm5KeVpZNnNRdTMKY0kwWGs1OVpEbjZRdzNkMVBsa2VOQnlwQ3ZJVVByUk5BaUFMMm1DN0loNGd1RTlJbGtpQzlWWDhVRnc2aVg2ZApLN1hVRGRPZVlERG1xQT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='
const condition = type => ({ status: { conditions: [{ type, status: 'True', reason: 'A', message: 'b' }] } })
const certificates = [
  post(
    CERTIFICATES,
    {
      metadata: { name: 'detail' },
      spec: { request: REQUEST, signerName: 'example.com/a', usages: ['client auth'] },
    },
    clerk,
  ),
  merge(`${CERTIFICATES}/detail/status${DRY}`, condition('Failed'), clerk),
  merge(`${CERTIFICATES}/detail/status${DRY}`, { metadata: { labels: { a: 'b' } } }, clerk),
  merge(`${CERTIFICATES}/detail/approval${DRY}`, condition('Approved'), clerk),
  merge(`${CERTIFICATES}/detail/approval${DRY}`, { metadata: { labels: { a: 'b' } } }, clerk),
  merge(`${CERTIFICATES}/detail/approval${DRY}`, condition('Approved')),
]

export function* cases() {
  yield inNamespace('details', [...annotations, ...updates])
  yield { name: 'nodes', steps: nodes }
  yield inNamespace('detail-limits', limits)
  yield inNamespace('detail-classes', classes)
  yield inNamespace('detail-accounts', accounts)
  yield inNamespace('detail-defaults', defaults)
  yield { name: 'CertificateSigningRequest and roles of a clerk', steps: [...roles, ...certificates] }
}
