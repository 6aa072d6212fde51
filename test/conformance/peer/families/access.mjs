// Who may do what, and how refusals read: RBAC, reviews, tokens, impersonation.
const as = (user, ...groups) => ({
  'impersonate-user': user,
  ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
})
const jo = as('jo', 'developers')
const review = (kind, spec, group = 'authorization.k8s.io') => ({ apiVersion: `${group}/v1`, kind, spec })
const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const AUTHENTICATION = '/apis/authentication.k8s.io/v1'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

const FORBIDDEN = [
  ['GET', '/api/v1/namespaces/judge/pods'],
  ['GET', '/api/v1/pods'],
  ['GET', '/api/v1/nodes/n1'],
  ['GET', '/api/v1/namespaces/judge/pods/p/log'],
  ['GET', '/apis/apps/v1/namespaces/judge/deployments/d/scale'],
  ['GET', '/apis/apps/v1/namespaces/judge/deployments/d'],
  ['DELETE', '/apis/apps/v1/namespaces/judge/deployments/d'],
  ['DELETE', '/apis/apps/v1/namespaces/judge/deployments'],
  ['POST', '/api/v1/namespaces', {}],
  ['PUT', '/api/v1/namespaces/judge', {}],
  ['POST', '/api/v1/namespaces/judge/pods/p/exec', {}],
  ['GET', '/api/v1/namespaces/judge/pods?watch=true'],
  ['GET', '/metrics'],
  ['GET', '/nothing'],
  ['GET', '/healthz'],
  ['GET', '/api'],
  ['GET', '/apis/none.example.com/v1/things'],
  ['GET', '/apis/none.example.com/v1/namespaces/judge/things/x'],
  ['GET', '/api/v1/namespaces/judge'],
  ['GET', '/api/v1/namespaces/judge/status'],
  ['GET', '/api/v1/namespaces/judge/pods?fieldSelector=metadata.name%3Da'],
  ['PATCH', '/api/v1/namespaces/judge/pods/p', {}],
  ['POST', '/api/v1/namespaces/judge/serviceaccounts/default/token', {}],
]

const SUBJECT_REVIEWS = [
  {},
  { user: 'jo' },
  {
    user: 'jo',
    resourceAttributes: { verb: 'get', resource: 'pods' },
    nonResourceAttributes: { path: '/x', verb: 'get' },
  },
  { resourceAttributes: { verb: 'get', resource: 'pods' } },
  { user: 'jo', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'judge' } },
  { user: 'jo', groups: ['system:masters'], resourceAttributes: { verb: 'get', resource: 'pods' } },
  {
    user: 'system:serviceaccount:kube-system:generic-garbage-collector',
    resourceAttributes: { verb: 'get', resource: 'pods' },
  },
  {
    user: 'system:kube-scheduler',
    resourceAttributes: { verb: 'create', resource: 'pods', subresource: 'binding', namespace: 'x' },
  },
  {
    user: 'system:node:n1',
    groups: ['system:nodes'],
    resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'x', name: 'a' },
  },
  {
    user: 'system:node:n1',
    groups: ['system:nodes'],
    resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'x' },
  },
  {
    user: 'system:node:n1',
    groups: ['system:nodes'],
    resourceAttributes: { verb: 'list', resource: 'configmaps', namespace: 'x' },
  },
  {
    user: 'system:node:n1',
    groups: ['system:nodes'],
    resourceAttributes: { verb: 'update', resource: 'nodes', name: 'n2' },
  },
  {
    user: 'system:node:n1',
    groups: ['system:nodes'],
    resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'x' },
  },
  { user: 'jo', groups: ['system:authenticated'], nonResourceAttributes: { path: '/healthz', verb: 'get' } },
  { user: 'jo', nonResourceAttributes: { path: '/healthz', verb: 'get' } },
  { user: 'jo', groups: ['system:authenticated'], nonResourceAttributes: { path: '/api/x', verb: 'get' } },
  { user: 'jo', nonResourceAttributes: { path: '/x', verb: 'post' } },
  { user: 'jo', resourceAttributes: { verb: '*', resource: '*', group: '*' } },
  { user: 'jo', resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector: { rawSelector: 'a=b' } } },
  {
    user: 'jo',
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      fieldSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
    },
  },
  {
    user: 'jo',
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      fieldSelector: { requirements: [{ key: '', operator: 'x' }], rawSelector: 'a' },
    },
  },
  {
    user: 'jo',
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      labelSelector: { requirements: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
    },
  },
  { user: 'jo', resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: { requirements: [] } } },
]

function* reviews() {
  for (const spec of SUBJECT_REVIEWS) {
    for (const kind of ['SubjectAccessReview', 'SelfSubjectAccessReview']) {
      const { user: _user, groups: _groups, ...self } = spec
      const body = review(kind, kind.startsWith('Self') ? self : spec)
      yield {
        name: `${kind} ${JSON.stringify(spec)}`,
        method: 'POST',
        path: `${AUTHORIZATION}/${kind.toLowerCase()}s`,
        body,
      }
    }
    for (const namespace of ['judge', undefined]) {
      const attributes = { ...spec.resourceAttributes, ...(namespace ? { namespace } : {}) }
      const body = {
        ...review(
          'LocalSubjectAccessReview',
          spec.resourceAttributes ? { ...spec, resourceAttributes: attributes } : spec,
        ),
        metadata: { namespace: 'judge' },
      }
      yield {
        name: `LocalSubjectAccessReview ${JSON.stringify(spec)} ${namespace}`,
        method: 'POST',
        path: `${AUTHORIZATION}/namespaces/judge/localsubjectaccessreviews`,
        body,
      }
    }
  }
  for (const spec of [{}, { namespace: 'judge' }, { namespace: 'Bad_' }])
    for (const headers of [jo, as('system:kube-scheduler')])
      yield {
        name: `SelfSubjectRulesReview ${JSON.stringify(spec)} ${headers['impersonate-user']}`,
        method: 'POST',
        path: `${AUTHORIZATION}/selfsubjectrulesreviews`,
        body: review('SelfSubjectRulesReview', spec),
        headers,
      }
  for (const headers of [jo, as('jo'), { ...as('jo'), 'impersonate-extra-a%2Fb': 'c', 'impersonate-uid': '5' }])
    yield {
      name: `SelfSubjectReview ${JSON.stringify(headers)}`,
      method: 'POST',
      path: `${AUTHENTICATION}/selfsubjectreviews`,
      body: review('SelfSubjectReview', undefined, 'authentication.k8s.io'),
      headers,
    }
  for (const spec of [{}, { token: '' }, { token: 'x' }, { token: 'a.b.c' }, { token: 'x', audiences: ['y'] }])
    yield {
      name: `TokenReview ${JSON.stringify(spec)}`,
      method: 'POST',
      path: `${AUTHENTICATION}/tokenreviews`,
      body: review('TokenReview', spec, 'authentication.k8s.io'),
    }
  for (const spec of [
    undefined,
    {},
    { expirationSeconds: 5 },
    { expirationSeconds: 2 ** 33 },
    { audiences: ['a'] },
    { audiences: [] },
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } },
    { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'none' } },
    { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'none' } },
    { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'none' } },
  ])
    for (const name of ['default', 'none'])
      yield {
        name: `TokenRequest ${name} ${JSON.stringify(spec)}`,
        method: 'POST',
        path: `/api/v1/namespaces/judge/serviceaccounts/${name}/token?dryRun=All`,
        body: { ...review('TokenRequest', spec, 'authentication.k8s.io') },
      }
}

const role = (name, rules) => ({ metadata: { name }, rules })
const ESCALATION = [
  ['POST', `${RBAC}/namespaces/judge/roles`, role('mine', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])],
  [
    'POST',
    `${RBAC}/namespaces/judge/roles`,
    role('more', [{ apiGroups: [''], resources: ['secrets', 'pods'], verbs: ['get', 'list'] }]),
  ],
  ['POST', `${RBAC}/namespaces/judge/roles`, role('all', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])],
  [
    'POST',
    `${RBAC}/clusterroles`,
    role('all', [
      { nonResourceURLs: ['*'], verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['get'] },
    ]),
  ],
  [
    'POST',
    `${RBAC}/namespaces/judge/rolebindings`,
    {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: 'jo' }],
    },
  ],
  [
    'POST',
    `${RBAC}/namespaces/judge/rolebindings`,
    {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'none' },
      subjects: [{ kind: 'User', name: 'jo' }],
    },
  ],
  [
    'POST',
    `${RBAC}/clusterrolebindings`,
    {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [],
    },
  ],
]

const binding = {
  metadata: { name: 'editors' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'role-writer' },
  subjects: [{ kind: 'User', name: 'ed' }],
}
const writer = role('role-writer', [
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['create', 'update', 'get'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
])

export function* cases() {
  for (const headers of [
    jo,
    as('system:anonymous', 'system:unauthenticated'),
    as('system:serviceaccount:judge:default'),
  ])
    for (const [method, path, body] of FORBIDDEN)
      yield { name: `${headers['impersonate-user']} ${method} ${path}`, steps: [{ method, path, body, headers }] }
  for (const step of reviews()) yield { name: step.name, steps: [step] }
  yield {
    name: 'escalation',
    steps: [
      { method: 'POST', path: `${RBAC}/clusterroles`, body: writer },
      { method: 'POST', path: `${RBAC}/clusterrolebindings`, body: binding },
      ...ESCALATION.map(([method, path, body]) => ({
        ...{ name: `${path} ${body.metadata.name}`, method, path: `${path}?dryRun=All`, body, headers: as('ed') },
      })),
      { method: 'GET', path: '/api/v1/namespaces/judge/secrets', headers: as('ed') },
    ],
  }
  const impersonations = [
    { 'impersonate-group': ['g'] },
    { 'impersonate-uid': '1' },
    { 'impersonate-extra-a': '1' },
    { 'impersonate-user': 'system:serviceaccount:judge' },
    { 'impersonate-user': 'system:node:n1' },
  ]
  for (const headers of impersonations)
    yield {
      name: `impersonation ${JSON.stringify(headers)}`,
      steps: [
        {
          method: 'POST',
          path: `${AUTHENTICATION}/selfsubjectreviews`,
          body: review('SelfSubjectReview', undefined, 'authentication.k8s.io'),
          headers,
        },
      ],
    }
  for (const authorization of ['Bearer wrong', 'Bearer', 'Basic YTpi', 'Bearer a.b.c'])
    yield { name: `with ${authorization}`, steps: [{ path: '/api/v1/pods', headers: { authorization } }] }
}
