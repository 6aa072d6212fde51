// What admission refuses, warns of and fills in: quotas, limits, pod security, service accounts, priorities, policies.
const MERGE = 'application/merge-patch+json'
const core = (namespace, resource) => `/api/v1/namespaces/${namespace}/${resource}`
const POLICIES = '/apis/admissionregistration.k8s.io/v1'

const post = (path, body, name) => ({
  name: name ?? `POST ${path} ${JSON.stringify(body).slice(0, 160)}`,
  ...{ method: 'POST', path, body },
})
const pod = (name, spec = {}, container = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'web', image: 'web:1', ...container }], ...spec },
})
const inNamespace = (name, labels, steps) => ({
  name,
  steps: [
    post('/api/v1/namespaces', { metadata: { name, labels } }),
    { ...post(core(name, 'serviceaccounts'), { metadata: { name: 'default' } }), unjudged: true },
    ...steps,
  ],
})
const trial = (namespace, body) => post(`${core(namespace, 'pods')}?dryRun=All`, body)

const sizes = (requests, limits) => ({
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
})

const QUOTA = [
  post(core('quota', 'resourcequotas'), {
    metadata: { name: 'a' },
    spec: {
      hard: {
        pods: '2',
        'requests.cpu': '1',
        'limits.memory': '1Gi',
        configmaps: '1',
        services: '1',
        'services.nodeports': '0',
        'count/secrets': '1',
        'requests.storage': '1Gi',
        'count/deployments.apps': '1',
      },
    },
  }),
  {
    ...{ name: 'status', method: 'PATCH', path: `${core('quota', 'resourcequotas')}/a/status`, type: MERGE },
    body: JSON.stringify({
      status: {
        hard: {
          pods: '2',
          'requests.cpu': '1',
          'limits.memory': '1Gi',
          configmaps: '1',
          services: '1',
          'services.nodeports': '0',
          'count/secrets': '1',
          'requests.storage': '1Gi',
          'count/deployments.apps': '1',
        },
        used: {
          pods: '0',
          'requests.cpu': '0',
          'limits.memory': '0',
          configmaps: '0',
          services: '0',
          'services.nodeports': '0',
          'count/secrets': '0',
          'requests.storage': '0',
          'count/deployments.apps': '0',
        },
      },
    }),
  },
  trial('quota', pod('a')),
  trial('quota', pod('a', {}, sizes({ cpu: '2' }, { memory: '1Gi' }))),
  trial('quota', pod('a', {}, sizes({ cpu: '2' }, { memory: '2Gi' }))),
  post(core('quota', 'pods'), pod('a', {}, sizes({ cpu: '600m' }, { memory: '512Mi' }))),
  post(core('quota', 'pods'), pod('b', {}, sizes({ cpu: '600m' }, { memory: '768Mi' }))),
  post(core('quota', 'configmaps'), { metadata: { name: 'a' } }),
  post(core('quota', 'configmaps'), { metadata: { name: 'b' } }),
  post(core('quota', 'secrets'), { metadata: { name: 'a' } }),
  post(core('quota', 'secrets'), { metadata: { name: 'b' } }),
  post(core('quota', 'services'), { metadata: { name: 'a' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }),
  post(core('quota', 'services'), { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } }),
  post(core('quota', 'services'), { metadata: { name: 'b' }, spec: { ports: [{ port: 80 }] } }),
  post(core('quota', 'persistentvolumeclaims'), {
    metadata: { name: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  }),
  { path: `${core('quota', 'resourcequotas')}/a` },
]

const LIMITS = [
  post(core('limits', 'limitranges'), {
    metadata: { name: 'a' },
    spec: {
      limits: [
        {
          type: 'Container',
          max: { cpu: '1', memory: '1Gi' },
          min: { cpu: '100m' },
          default: { cpu: '500m' },
          defaultRequest: { cpu: '200m', memory: '64Mi' },
          maxLimitRequestRatio: { cpu: '4' },
        },
        { type: 'Pod', max: { cpu: '1500m' } },
        { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
      ],
    },
  }),
  trial('limits', pod('a')),
  trial('limits', pod('a', {}, sizes({ cpu: '2' }))),
  trial('limits', pod('a', {}, sizes(undefined, { cpu: '2' }))),
  trial('limits', pod('a', {}, sizes({ cpu: '50m' }, { cpu: '400m' }))),
  trial('limits', pod('a', {}, sizes({ cpu: '100m' }, { cpu: '1' }))),
  trial('limits', pod('a', {}, sizes({ memory: '2Gi' }, { memory: '2Gi' }))),
  trial(
    'limits',
    pod('a', { containers: [1, 2].map(n => ({ name: `c${n}`, image: 'x', ...sizes({ cpu: '1' }, { cpu: '1' }) })) }),
  ),
  trial('limits', pod('a', { initContainers: [{ name: 'i', image: 'x' }] })),
  ...['512Mi', '3Gi', '1Gi'].map(storage =>
    post(`${core('limits', 'persistentvolumeclaims')}?dryRun=All`, {
      metadata: { name: 'a' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    }),
  ),
]

const hardened = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const PODS = [
  pod('a'),
  pod('a', { hostNetwork: true, hostPID: true, hostIPC: true }),
  pod('a', { volumes: [{ name: 'h', hostPath: { path: '/' } }] }),
  pod('a', { volumes: [{ name: 'h', nfs: { server: 'a', path: '/' } }] }),
  pod('a', {}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
  pod('a', {}, { securityContext: { privileged: true } }),
  pod('a', {}, { securityContext: { capabilities: { add: ['SYS_ADMIN', 'NET_RAW'] } } }),
  pod('a', {}, { securityContext: { procMount: 'Unmasked' } }),
  pod('a', {}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
  pod('a', {}, { securityContext: { runAsUser: 0 } }),
  pod('a', {}, { securityContext: hardened }),
  pod(
    'a',
    {},
    { securityContext: { ...hardened, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] } } },
  ),
  pod('a', {
    securityContext: {
      runAsNonRoot: false,
      runAsUser: 0,
      seccompProfile: { type: 'Unconfined' },
      sysctls: [{ name: 'kernel.msgmax', value: '1' }],
      seLinuxOptions: { type: 'x', user: 'u', role: 'r' },
      windowsOptions: { hostProcess: true },
    },
  }),
  pod('a', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
  {
    ...pod('a'),
    metadata: { name: 'a', annotations: { 'container.apparmor.security.beta.kubernetes.io/web': 'unconfined' } },
  },
  pod('a', { containers: ['x', 'y', 'z'].map(name => ({ name, image: 'a', securityContext: { privileged: true } })) }),
  pod('a', {}, { livenessProbe: { httpGet: { port: 80, host: '1.2.3.4' } } }),
]
const security = level => {
  const name = `security-${level}`
  const labels = { 'pod-security.kubernetes.io/enforce': level }
  const template = { metadata: { labels: { a: 'b' } }, spec: pod('x', { hostNetwork: true }).spec }
  const deployment = { metadata: { name: 'a' }, spec: { selector: { matchLabels: { a: 'b' } }, template } }
  return inNamespace(name, labels, [
    ...PODS.map(body => trial(name, body)),
    post(`/apis/apps/v1/namespaces/${name}/deployments`, deployment),
  ])
}
const warned = () => {
  const labels = { 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted' }
  const template = { metadata: { labels: { a: 'b' } }, spec: pod('x').spec }
  return inNamespace('security-warned', labels, [
    ...PODS.slice(0, 4).map(body => trial('security-warned', body)),
    post('/apis/apps/v1/namespaces/security-warned/deployments', {
      metadata: { name: 'a' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    }),
    post(core('security-warned', 'pods'), pod('old')),
    ...[
      { 'pod-security.kubernetes.io/enforce': 'restricted' },
      { 'pod-security.kubernetes.io/enforce': 'none' },
      { 'pod-security.kubernetes.io/enforce-version': 'v1' },
    ].map(change => ({
      ...{ name: JSON.stringify(change), method: 'PATCH', path: '/api/v1/namespaces/security-warned', type: MERGE },
      body: JSON.stringify({ metadata: { labels: change } }),
    })),
  ])
}

const MISC = [
  trial('misc', pod('a', { serviceAccountName: 'none' })),
  trial('misc', pod('a', { priorityClassName: 'none' })),
  trial('misc', pod('a', { priorityClassName: 'system-node-critical' })),
  trial('misc', pod('a', { priority: 5 })),
  trial('misc', pod('a', { priority: 0, preemptionPolicy: 'Never' })),
  trial('misc', pod('a', { runtimeClassName: 'none' })),
  trial('misc', pod('a', { nodeName: 'n1', schedulerName: 'x' })),
  trial('misc', { ...pod('a'), metadata: { name: 'a', annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
  trial('misc', pod('a', { tolerations: [{ operator: 'Exists' }] })),
  trial('misc', pod('a', { automountServiceAccountToken: false })),
  trial('misc', pod('a', { volumes: [{ name: 'a', gitRepo: { repository: 'x' } }] })),
  trial(
    'misc',
    pod('a', { nodeSelector: { 'beta.kubernetes.io/os': 'linux', 'failure-domain.beta.kubernetes.io/zone': 'z' } }),
  ),
  trial('misc', {
    ...pod('a'),
    metadata: {
      name: 'a',
      annotations: {
        'seccomp.security.alpha.kubernetes.io/pod': 'x',
        'scheduler.alpha.kubernetes.io/critical-pod': '',
      },
    },
  }),
  trial(
    'misc',
    pod(
      'a',
      {},
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
        ports: [{ containerPort: 80 }, { containerPort: 80 }],
        resources: { requests: { memory: '1500m' }, limits: { 'ephemeral-storage': '100m' } },
      },
    ),
  ),
  trial(
    'misc',
    pod('a', { hostAliases: [{ ip: '010.0.0.1' }], imagePullSecrets: [{}], terminationGracePeriodSeconds: -5 }),
  ),
  trial(
    'misc',
    pod('a', {
      containers: [
        { name: 'a', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] },
        { name: 'b', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] },
      ],
    }),
  ),
  post(`${core('misc', 'services')}?dryRun=All`, {
    metadata: { name: 'a' },
    spec: { ports: [{ port: 80 }], externalIPs: ['1.2.3.4'], loadBalancerIP: '1.2.3.4' },
  }),
  post(`${core('misc', 'services')}?dryRun=All`, {
    metadata: { name: 'a' },
    spec: { ports: [{ port: 80 }], sessionAffinity: 'ClientIP', clusterIP: 'None' },
  }),
  post(`${core('misc', 'services')}?dryRun=All`, {
    metadata: { name: 'a', annotations: { 'service.kubernetes.io/topology-mode': 'auto' } },
    spec: { ports: [{ port: 80 }], trafficDistribution: 'PreferClose' },
  }),
  post(`${core('misc', 'endpoints')}?dryRun=All`, { metadata: { name: 'a' } }),
  post('/api/v1/persistentvolumes?dryRun=All', {
    metadata: { name: 'a' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Recycle',
      hostPath: { path: '/x' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['x'] }] },
          ],
        },
      },
    },
  }),
  post(`${core('misc', 'persistentvolumeclaims')}?dryRun=All`, {
    metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } },
  }),
  post('/apis/batch/v1/namespaces/misc/cronjobs?dryRun=All', {
    metadata: { name: 'a' },
    spec: {
      schedule: 'TZ=UTC * * * * *',
      jobTemplate: { spec: { template: { spec: { ...pod('a').spec, restartPolicy: 'Never' } } } },
    },
  }),
  post('/apis/networking.k8s.io/v1/namespaces/misc/ingresses?dryRun=All', {
    metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } },
    spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } },
  }),
  post('/apis/policy/v1/namespaces/misc/poddisruptionbudgets?dryRun=All', {
    metadata: { name: 'a' },
    spec: { minAvailable: 1 },
  }),
  post('/api/v1/nodes?dryRun=All', {
    metadata: { name: 'a' },
    spec: { externalID: 'x', configSource: { configMap: {} } },
  }),
]

const policy = (name, spec) => ({
  metadata: { name },
  spec: {
    matchConstraints: {
      namespaceSelector: { matchLabels: { guarded: 'yes' } },
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
      ],
    },
    ...spec,
  },
})
const EXPRESSIONS = [
  'object.data.a',
  'object.data.none == "x"',
  'object.data.a == "b"',
  'object.nothing == 1',
  '1',
  'true ||',
  'object.data.a.matches("(")',
  'has(object.data.z)',
  'oldObject.data.a == "x"',
  'request.userInfo.username == "x"',
  'namespaceObject.metadata.name == "x"',
  'authorizer.group("").resource("pods").check("get").allowed()',
  'params.x == 1',
  'variables.x == 1',
  'quantity("1Gi").isLessThan(quantity("2Gi")) && false',
  'size(object.data) > 10',
  'object.data.all(k, k == "z")',
]
const POLICY_STEPS = [
  ...EXPRESSIONS.flatMap(expression => [
    post(`${POLICIES}/validatingadmissionpolicies?dryRun=All`, policy('tried', { validations: [{ expression }] })),
    post(
      `${POLICIES}/validatingadmissionpolicies?dryRun=All`,
      policy('tried', {
        validations: [{ expression: 'true', messageExpression: expression }],
        matchConditions: [{ name: 'a', expression }],
        variables: [{ name: 'x', expression }],
        auditAnnotations: [{ key: 'a', valueExpression: expression }],
      }),
    ),
    post(
      `${POLICIES}/mutatingadmissionpolicies?dryRun=All`,
      policy('tried', {
        reinvocationPolicy: 'Never',
        mutations: [
          { patchType: 'JSONPatch', jsonPatch: { expression } },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression } },
        ],
      }),
    ),
  ]),
  ...[
    { validations: [{ expression: 'object.data.a == "b"' }] },
    {
      validations: [
        { expression: 'object.data.a == "b"', message: 'must be b', reason: 'Unauthorized' },
        { expression: 'false' },
      ],
    },
    { validations: [{ expression: 'object.data.a == "b"', messageExpression: '"was " + object.data.a' }] },
    { validations: [{ expression: 'object.data.none == "b"' }] },
    { failurePolicy: 'Ignore', validations: [{ expression: 'object.data.none == "b"' }] },
    { matchConditions: [{ name: 'x', expression: 'object.data.none == "b"' }], validations: [{ expression: 'false' }] },
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'false' }] },
  ].flatMap((spec, at) => [
    post(`${POLICIES}/validatingadmissionpolicies`, policy(`p${at}`, spec)),
    post(`${POLICIES}/validatingadmissionpolicybindings`, {
      metadata: { name: `p${at}` },
      spec: {
        policyName: `p${at}`,
        validationActions: ['Deny'],
        ...(spec.paramKind
          ? { paramRef: { name: 'none', namespace: 'guarded', parameterNotFoundAction: 'Deny' } }
          : {}),
      },
    }),
    { path: '/version', unjudged: true, delay: 2_500 },
    post(core('guarded', 'configmaps'), { metadata: { name: `c${at}` }, data: { a: 'c' } }),
    { name: `delete p${at}`, method: 'DELETE', path: `${POLICIES}/validatingadmissionpolicybindings/p${at}` },
    { path: '/version', unjudged: true, delay: 1_500 },
  ]),
]

export function* cases() {
  yield inNamespace('quota', {}, QUOTA)
  yield inNamespace('limits', {}, LIMITS)
  yield* ['baseline', 'restricted'].map(security)
  yield warned()
  yield inNamespace('misc', {}, MISC)
  yield inNamespace('guarded', { guarded: 'yes' }, POLICY_STEPS)
}
