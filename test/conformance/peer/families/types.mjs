// What a body says that it is: versions and kinds that are none, in every way to write.
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = 'types.example.com'
const NONE = [
  undefined,
  null,
  '',
  'x',
  'v1',
  'a/b/c',
  '/',
  '/v1',
  'apps/',
  'a//b',
  ' v1',
  'V1',
  5,
  1.5,
  true,
  [],
  {},
  ['v1'],
]
const APPLY = 'application/apply-patch+yaml'
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'

const KINDS = [
  {
    path: '/api/v1/namespaces/judge/configmaps',
    object: name => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } }),
    isBuiltIn: true,
  },
  {
    path: '/apis/apps/v1/namespaces/judge/controllerrevisions',
    object: name => ({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name },
      revision: 1,
      data: { a: 1 },
    }),
    isBuiltIn: true,
  },
  {
    path: `/apis/${GROUP}/v1/things`,
    object: name => ({ apiVersion: `${GROUP}/v1`, kind: 'Thing', metadata: { name }, spec: { a: 'b' } }),
  },
]

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `things.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Cluster',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
          },
        },
      },
    ],
  },
}

const definitions = () => [
  {
    name: 'Thing',
    steps: [
      { method: 'POST', path: DEFINITIONS, body: definition, unjudged: true },
      { path: `/apis/${GROUP}/v1/things`, delay: 3000, unjudged: true },
    ],
  },
]

function* bodies() {
  let i = 0
  for (const { path, object, isBuiltIn } of KINDS)
    for (const field of ['apiVersion', 'kind'])
      for (const value of NONE) {
        const name = `t${i++}`
        const of = more => ({ ...object(name), ...more, [field]: value })
        const at = `${path}/${name}`
        const { kind } = object(name)
        const say = way => `${kind} ${field} ${JSON.stringify(value)} › ${way}`
        const patches = isBuiltIn ? [MERGE, STRATEGIC] : [MERGE]
        const steps = [
          { name: say('create'), method: 'POST', path, body: of() },
          {
            name: say('apply anew'),
            method: 'PATCH',
            type: APPLY,
            path: `${at}-new?fieldManager=m`,
            body: { ...of(), metadata: { name: `${name}-new` } },
          },
          { method: 'POST', path, body: object(name), unjudged: true },
          { name: say('replace'), method: 'PUT', path: at, body: of({ metadata: { name, labels: { a: '1' } } }) },
          ...patches.map(type => ({
            name: say(type),
            method: 'PATCH',
            type,
            path: at,
            body: { [field]: value, metadata: { labels: { a: type.length.toString() } } },
          })),
          {
            name: say('json'),
            method: 'PATCH',
            type: JSON_PATCH,
            path: at,
            body: [
              value === undefined ? { op: 'remove', path: `/${field}` } : { op: 'replace', path: `/${field}`, value },
            ],
          },
          { name: say('apply'), method: 'PATCH', type: APPLY, path: `${at}?fieldManager=m&force=true`, body: of() },
          { name: say('delete'), method: 'DELETE', path: at, body: { [field]: value } },
        ]
        yield { name: `${kind} ${field} ${JSON.stringify(value)}`, steps }
      }
}

export const stages = [definitions, bodies]
