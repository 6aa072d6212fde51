// Patches, applied configurations and bodies that are not what they should be.
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const APPLY = 'application/apply-patch+yaml'

const DEPLOYMENTS = '/apis/apps/v1/namespaces/judge/deployments'
const container = (name, more = {}) => ({ name, image: 'web:1', ...more })
const deployment = name => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { a: 'b' }, finalizers: ['example.com/a'] },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: {
        containers: [
          container('one', {
            ports: [{ containerPort: 80 }, { containerPort: 81 }],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
          }),
          container('two'),
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
        tolerations: [{ key: 'k', operator: 'Exists' }],
      },
    },
  },
})

const inPod = spec => ({ spec: { template: { spec } } })
const STRATEGIC_PATCHES = [
  inPod({ containers: [{ name: 'one', image: 'web:2' }] }),
  inPod({ containers: [{ name: 'three', image: 'web:3' }] }),
  inPod({ containers: [{ name: 'two', $patch: 'delete' }] }),
  inPod({ containers: [{ $patch: 'replace' }, container('only')] }),
  inPod({
    containers: [
      {
        name: 'one',
        env: [
          { name: 'C', value: '3' },
          { name: 'A', $patch: 'delete' },
        ],
      },
    ],
  }),
  inPod({ containers: [{ name: 'one', ports: [{ containerPort: 80, name: 'http' }] }] }),
  inPod({
    $setElementOrder: undefined,
    '$setElementOrder/containers': [{ name: 'two' }, { name: 'one' }],
    containers: [],
  }),
  inPod({ '$setElementOrder/containers': [{ name: 'two' }], containers: [{ name: 'one', image: 'x' }] }),
  inPod({ volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] }),
  inPod({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }),
  inPod({ volumes: [{ configMap: { name: 'c' } }] }),
  inPod({ volumes: null }),
  inPod({ tolerations: [] }),
  inPod({ containers: null }),
  inPod({ containers: 'x' }),
  inPod({ containers: {} }),
  inPod({ $patch: 'replace', containers: [container('new')] }),
  inPod({ $patch: 'delete' }),
  inPod({ $patch: 'other' }),
  inPod({ containers: [{ name: 'one', $patch: 'other' }] }),
  inPod({ containers: [{ $patch: 'delete' }] }),
  { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'], finalizers: ['example.com/b'] } },
  { metadata: { finalizers: ['example.com/b'] } },
  { metadata: { labels: { $patch: 'replace', c: 'd' } } },
  { metadata: { labels: null } },
  { metadata: { labels: { a: null, c: 'd' } } },
  { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
  { spec: { strategy: { type: 'Recreate' } } },
  { spec: { selector: { matchLabels: { app: 'y' } } } },
  { spec: { replicas: null } },
  { spec: null },
  { spec: { replicas: 'x' } },
  { spec: { unknown: 1 } },
  { kind: 'Other' },
  { apiVersion: 'v1' },
  [],
  'x',
  null,
]
const JSON_PATCHES = [
  [{ op: 'replace', path: '/spec/replicas', value: 3 }],
  [{ op: 'replace', path: '/spec/none', value: 3 }],
  [{ op: 'remove', path: '/spec/none' }],
  [{ op: 'remove', path: '/metadata/labels/a' }],
  [{ op: 'add', path: '/spec/template/spec/containers/-', value: container('three') }],
  [{ op: 'add', path: '/spec/template/spec/containers/9', value: container('three') }],
  [{ op: 'add', path: '/spec/template/spec/containers/-1', value: container('three') }],
  [{ op: 'add', path: '/spec/template/spec/containers/x', value: container('three') }],
  [{ op: 'add', path: '/none/x', value: 1 }],
  [{ op: 'test', path: '/spec/replicas', value: 5 }],
  [{ op: 'test', path: '/spec/replicas', value: 1 }],
  [{ op: 'test', path: '/spec/none', value: null }],
  [{ op: 'move', from: '/metadata/labels/a', path: '/metadata/labels/z' }],
  [{ op: 'copy', from: '/metadata/labels/a', path: '/metadata/labels/z' }],
  [{ op: 'move', from: '/none', path: '/metadata/labels/z' }],
  [{ op: 'copy', from: '/none', path: '/metadata/labels/z' }],
  [{ op: 'other', path: '/spec' }],
  [{ op: 'add', path: 'spec', value: 1 }],
  [{ op: 'add', path: '', value: {} }],
  [{ op: 'remove', path: '' }],
  [{ op: 'add', value: 1 }],
  [{ path: '/spec/replicas', value: 1 }],
  [{ op: 'replace', path: '/spec/replicas' }],
  [{ op: 'replace', path: '/spec/replicas', value: 'x' }],
  [{ op: 'add', path: '/metadata/labels/a~1b', value: 'x' }],
  [{ op: 'replace', path: '/metadata/name', value: 'x' }],
  [{ op: 'replace', path: '/spec/replicas', value: -1 }],
  [],
  {},
  'x',
  [1],
]
const MERGE_PATCHES = [
  { spec: { replicas: 4 } },
  { spec: { template: { spec: { containers: [container('new')] } } } },
  { spec: { replicas: null, template: null } },
  { metadata: { labels: { a: null } } },
  { metadata: null },
  { metadata: { creationTimestamp: null, managedFields: [] } },
  { metadata: { generation: 9, deletionTimestamp: '2020-01-01T00:00:00Z' } },
  { status: { replicas: 3 } },
  [],
  1,
  'x',
  null,
  {},
]
const BODIES = [
  '',
  '{',
  'null',
  '[]',
  '1',
  '"x"',
  '{"metadata":{"name":"a"}}x',
  '{"spec":{"replicas":1,"replicas":2}}',
  '{"spec":{"replicas":1.5}}',
  '{"spec":{"replicas":1e400}}',
  '{"spec":{"replicas":99999999999}}',
  '{"metadata":{"labels":{"a":1}}}',
  '{"metadata":{"labels":[]}}',
  '{"metadata":{"name":1}}',
  '{"metadata":{"creationTimestamp":"x"}}',
  '{"spec":{"template":{"spec":{"containers":[{"name":1}]}}}}',
  '{"apiVersion":"apps/v2"}',
  '{"kind":"Pod"}',
  '{"apiVersion":"v1","kind":"Pod"}',
  '{"apiVersion":"a/b/c"}',
  '{"kind":"Deployment"}',
  '{"apiVersion":1}',
  '\u0000',
  '{"a":"\\u0000"}',
]
const TYPES = [
  'application/json',
  'application/yaml',
  'text/plain',
  'application/xml',
  'application/json-patch+json',
  'application/apply-patch+yaml',
  '',
  'application/vnd.kubernetes.protobuf',
  'x',
  'application/json; charset=utf-8',
]

const config = more => ({ apiVersion: 'apps/v1', kind: 'Deployment', ...more })

/** Several managers of one object, in turn. */
const APPLIES = [
  ['one', config(deployment('x'))],
  ['one', config({ ...deployment('x'), metadata: { name: 'applied', labels: { c: 'd' } } })],
  ['two', config({ spec: { replicas: 5 } })],
  [
    'two',
    config({
      spec: {
        replicas: 5,
        template: { spec: { containers: [container('one', { image: 'web:9' }), container('three')] } },
      },
    }),
  ],
  [
    'two&force=true',
    config({
      spec: {
        replicas: 5,
        template: { spec: { containers: [container('one', { image: 'web:9' }), container('three')] } },
      },
    }),
  ],
  ['one', config({ ...deployment('x'), metadata: { name: 'applied' } })],
  [
    'three',
    config({
      metadata: { labels: { q: 'r' } },
      spec: {
        template: { spec: { containers: [container('one', { ports: [{ containerPort: 80, protocol: 'UDP' }] })] } },
      },
    }),
  ],
  ['three', config({ spec: { template: { spec: { containers: [{ image: 'x' }] } } } })],
  ['three', config({ spec: { template: { spec: { containers: [container('a'), container('a')] } } } })],
  ['three', config({ spec: { unknown: 1 } })],
  ['three&fieldValidation=Strict', config({ spec: { unknown: 1 } })],
  ['three', config({ metadata: { managedFields: [] } })],
  ['three', config({ metadata: { managedFields: [{ manager: 'x' }] } })],
  ['three', config({ metadata: { name: 'other' } })],
  ['three', config({ metadata: { namespace: 'other' } })],
  ['three', config({ metadata: { resourceVersion: '1' } })],
  ['three', config({ metadata: { uid: 'other' } })],
  ['three', { kind: 'Deployment' }],
  ['three', { apiVersion: 'v1', kind: 'ConfigMap' }],
  ['three', { apiVersion: 'apps/v2', kind: 'Deployment' }],
  ['three', config({ spec: { replicas: 'x' } })],
  ['three', config({ spec: { replicas: null } })],
  ['three', config({ spec: { template: { spec: { tolerations: [{ key: 'z', operator: 'Exists' }] } } } })],
  ['three&force=true', config({ spec: { template: { spec: { tolerations: [{ key: 'z', operator: 'Exists' }] } } } })],
  ['three', config({ spec: { selector: { matchLabels: { app: 'other' } } } })],
  ['three&force=x', config({})],
  ['three&dryRun=x', config({})],
  ['x'.repeat(200), config({})],
  ['%00', config({})],
  ['', config({})],
]

export function* cases() {
  const json = body => JSON.stringify(body)
  const sent = (name, type, patches) => ({
    name: `${type}`,
    steps: [
      { method: 'POST', path: `${DEPLOYMENTS}?fieldManager=maker`, body: deployment(name) },
      ...patches.map(body => ({
        ...{
          name: json(body),
          method: 'PATCH',
          path: `${DEPLOYMENTS}/${name}?fieldManager=judge&dryRun=All`,
          type,
          body: json(body),
        },
      })),
      ...patches.map(body => ({
        ...{
          name: `kept ${json(body)}`,
          method: 'PATCH',
          path: `${DEPLOYMENTS}/${name}?fieldManager=judge`,
          type,
          body: json(body),
        },
      })),
    ],
  })
  yield sent('strategic', STRATEGIC, STRATEGIC_PATCHES)
  yield sent('json', JSON_PATCH, JSON_PATCHES)
  yield sent('merge', MERGE, MERGE_PATCHES)
  yield {
    name: 'apply',
    steps: APPLIES.map(([manager, body]) => ({
      name: `${manager.slice(0, 30)} ${json(body)}`,
      method: 'PATCH',
      path: `${DEPLOYMENTS}/applied?fieldManager=${manager}`,
      type: APPLY,
      body: json(body.metadata?.name === 'x' ? { ...body, metadata: { ...body.metadata, name: 'applied' } } : body),
    })),
  }
  yield {
    name: 'other writers and apply',
    steps: [
      { method: 'POST', path: `${DEPLOYMENTS}?fieldManager=maker`, body: deployment('mixed') },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed?fieldManager=one`,
        type: APPLY,
        body: json(config({ spec: { replicas: 2 } })),
      },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed?fieldManager=one&force=true`,
        type: APPLY,
        body: json(config({ spec: { replicas: 2 } })),
      },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed/scale?fieldManager=scaler`,
        type: MERGE,
        body: json({ spec: { replicas: 4 } }),
      },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed?fieldManager=one`,
        type: APPLY,
        body: json(config({ spec: { replicas: 3 } })),
      },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed/status?fieldManager=status`,
        type: MERGE,
        body: json({ status: { replicas: 4, conditions: [{ type: 'Available', status: 'True' }] } }),
      },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed/status?fieldManager=other`,
        type: APPLY,
        body: json(config({ status: { replicas: 5 } })),
      },
      { method: 'GET', path: `${DEPLOYMENTS}/mixed` },
      { method: 'GET', path: `${DEPLOYMENTS}/mixed/scale` },
      {
        method: 'PATCH',
        path: `${DEPLOYMENTS}/mixed?fieldManager=one`,
        type: MERGE,
        body: json({ metadata: { managedFields: [{}] } }),
      },
    ],
  }
  for (const body of BODIES)
    for (const [method, path] of [
      ['POST', DEPLOYMENTS],
      ['PUT', `${DEPLOYMENTS}/body`],
    ])
      yield { name: `${method} ${body}`, steps: [{ method, path: `${path}?dryRun=All`, body }] }
  for (const type of TYPES)
    for (const [method, path] of [
      ['POST', DEPLOYMENTS],
      ['PATCH', `${DEPLOYMENTS}/mixed`],
      ['DELETE', `${DEPLOYMENTS}/none`],
    ])
      yield { name: `${method} as ${type}`, steps: [{ method, path: `${path}?dryRun=All`, body: '{}', type }] }
  for (const query of [
    'dryRun=x',
    'dryRun=',
    'dryRun=All&dryRun=All',
    'fieldValidation=x',
    'fieldManager=%00',
    `fieldManager=${'x'.repeat(129)}`,
  ])
    for (const [method, path] of [
      ['POST', DEPLOYMENTS],
      ['PUT', `${DEPLOYMENTS}/q`],
      ['PATCH', `${DEPLOYMENTS}/q`],
      ['DELETE', `${DEPLOYMENTS}/q`],
      ['DELETE', DEPLOYMENTS],
    ])
      yield {
        name: `${method} ?${query}`.slice(0, 50),
        steps: [
          {
            method,
            path: `${path}?${query}&labelSelector=none`,
            body: method === 'DELETE' ? undefined : json(method === 'PATCH' ? {} : deployment('q')),
            type: method === 'PATCH' ? MERGE : undefined,
          },
        ],
      }
  for (const options of [
    { gracePeriodSeconds: -1 },
    { gracePeriodSeconds: 'x' },
    { dryRun: ['x'] },
    { propagationPolicy: 'x' },
    { unknown: 1 },
    { kind: 'DeleteOptions', apiVersion: 'v1' },
    { kind: 'Pod', apiVersion: 'v1' },
    { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
    { kind: 'DeleteOptions', apiVersion: 'apps/v1' },
    { orphanDependents: false },
    { preconditions: {} },
    { ignoreStoreReadErrorWithClusterBreakingPotential: true },
  ])
    for (const path of [`${DEPLOYMENTS}/none`, `${DEPLOYMENTS}?labelSelector=none`])
      yield { name: `DELETE ${path} ${json(options)}`, steps: [{ method: 'DELETE', path, body: options }] }
  for (const name of ['A', '', '.', 'a..b', 'x'.repeat(260), 'a/b', 'a%2Fb', '%20'])
    yield {
      name: `name ${name.slice(0, 20)}`,
      steps: [{ method: 'POST', path: `${DEPLOYMENTS}?dryRun=All`, body: deployment(name) }],
    }
  for (const metadata of [
    { generateName: 'a-' },
    { generateName: 'A-' },
    { generateName: 'x'.repeat(300) },
    { name: 'a', namespace: 'other' },
    { name: 'a', namespace: '' },
    { name: 'a', resourceVersion: '5' },
    { name: 'a', uid: 'x' },
    {
      name: 'a',
      generation: 7,
      deletionTimestamp: '2020-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 3,
      selfLink: 'x',
    },
  ])
    yield {
      name: `metadata ${json(metadata).slice(0, 60)}`,
      steps: [{ method: 'POST', path: `${DEPLOYMENTS}?dryRun=All`, body: { ...deployment('a'), metadata } }],
    }
  for (const metadata of [
    {},
    { name: 'q' },
    { name: 'other' },
    { name: 'q', namespace: 'other' },
    { name: 'q', resourceVersion: '1' },
    { name: 'q', uid: 'x' },
  ])
    yield {
      name: `PUT of what is not there ${json(metadata)}`,
      steps: [{ method: 'PUT', path: `${DEPLOYMENTS}/q`, body: { ...deployment('q'), metadata } }],
    }
}
