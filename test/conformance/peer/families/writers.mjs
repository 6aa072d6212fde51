// Several writers of one object, one after the other: they apply, patch and replace parts of it, of built-in kinds and of
// custom ones with lists and maps of every type. What is drawn is the same in every run.
import { numbers, pick, some } from '../draw.mjs'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const APPLY = 'application/apply-patch+yaml'
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const GROUP = 'writers.example.com'
const SEQUENCES = 40
const WRITES = 12

const string = { type: 'string' }
const SPEC = {
  type: 'object',
  properties: {
    text: string,
    count: { type: 'integer', default: 5 },
    maybe: { type: 'string', nullable: true },
    either: { 'x-kubernetes-int-or-string': true },
    map: { type: 'object', additionalProperties: string },
    whole: { type: 'object', additionalProperties: string, 'x-kubernetes-map-type': 'atomic' },
    list: { type: 'array', items: string },
    set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    parts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: string, value: string, port: { type: 'integer', default: 80 } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    inner: { type: 'object', properties: { x: string, y: string } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
}
const SCHEMA = { type: 'object', properties: { spec: SPEC, status: SPEC } }
const KINDS = {
  Plain: { schema: SCHEMA },
  Apart: { schema: SCHEMA, subresources: { status: {} } },
  Loose: { schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
}
const definition = (kind, { schema, subresources }) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Cluster',
    names: { plural: `${kind.toLowerCase()}s`, kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources }],
  },
})

const letters = ['a', 'b', 'c']

/** A part of a spec or a status of the custom kinds. */
function content(draw) {
  const values = {
    text: () => pick(draw, letters),
    count: () => pick(draw, [0, 1, 5]),
    maybe: () => pick(draw, ['a', null]),
    either: () => pick(draw, [1, '1', 'a']),
    map: () => Object.fromEntries(some(draw, letters).map(key => [key, pick(draw, letters)])),
    whole: () => Object.fromEntries(some(draw, letters).map(key => [key, pick(draw, letters)])),
    list: () => some(draw, letters),
    set: () => some(draw, letters),
    parts: () =>
      some(draw, letters).map(name => ({
        name,
        ...(draw() < 0.5 ? { value: pick(draw, letters) } : {}),
        ...(draw() < 0.3 ? { port: pick(draw, [80, 81]) } : {}),
      })),
    inner: () => Object.fromEntries(some(draw, ['x', 'y'], 0.6).map(key => [key, pick(draw, letters)])),
    free: () => pick(draw, [{}, { a: 1 }, { a: { b: [1, { c: 2 }] } }, { a: [] }]),
  }
  return Object.fromEntries(some(draw, Object.keys(values)).map(name => [name, values[name]()]))
}

function metadata(draw, name) {
  return {
    name,
    ...(draw() < 0.3 ? { labels: Object.fromEntries(some(draw, letters).map(key => [key, pick(draw, letters)])) } : {}),
    ...(draw() < 0.2 ? { annotations: { a: pick(draw, letters) } } : {}),
    ...(draw() < 0.2 ? { finalizers: some(draw, ['example.com/a', 'example.com/b'], 0.6) } : {}),
  }
}

const custom = kind => ({
  path: `/apis/${GROUP}/v1/${kind.toLowerCase()}s`,
  hasStatus: kind === 'Apart',
  object: (draw, name) => ({
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: metadata(draw, name),
    ...(draw() < 0.8 ? { spec: content(draw) } : {}),
    ...(draw() < 0.4 ? { status: content(draw) } : {}),
  }),
})

const container = (draw, name) => ({
  name,
  image: pick(draw, ['web:1', 'web:2']),
  ...(draw() < 0.4 ? { env: some(draw, ['A', 'B']).map(key => ({ name: key, value: pick(draw, letters) })) } : {}),
  ...(draw() < 0.4 ? { ports: some(draw, [80, 81]).map(containerPort => ({ containerPort })) } : {}),
  ...(draw() < 0.3 ? { args: some(draw, letters) } : {}),
  ...(draw() < 0.3 ? { resources: { limits: { cpu: pick(draw, ['1', '1000m', '0.5']) } } } : {}),
})

const BUILT_IN = {
  configmaps: {
    path: '/api/v1/namespaces/judge/configmaps',
    object: (draw, name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(draw, name),
      data: Object.fromEntries(some(draw, letters).map(key => [key, pick(draw, letters)])),
    }),
  },
  deployments: {
    path: '/apis/apps/v1/namespaces/judge/deployments',
    hasStatus: true,
    object: (draw, name) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(draw, name),
      spec: {
        selector: { matchLabels: { app: 'x' } },
        ...(draw() < 0.4 ? { replicas: pick(draw, [0, 1, 2]) } : {}),
        template: {
          metadata: { labels: { app: 'x' } },
          spec: {
            containers: [container(draw, 'one'), ...some(draw, ['two', 'three']).map(each => container(draw, each))],
            ...(draw() < 0.3 ? { volumes: some(draw, letters).map(each => ({ name: each, emptyDir: {} })) } : {}),
            ...(draw() < 0.3 ? { nodeSelector: { a: pick(draw, letters) } } : {}),
          },
        },
      },
      ...(draw() < 0.3 ? { status: { replicas: 3, observedGeneration: 1 } } : {}),
    }),
  },
  services: {
    path: '/api/v1/namespaces/judge/services',
    hasStatus: true,
    object: (draw, name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(draw, name),
      spec: {
        clusterIP: 'None',
        ...(draw() < 0.5 ? { selector: { app: pick(draw, letters) } } : {}),
        ports: [80, ...some(draw, [81, 82])].map(port => ({
          name: `p${port}`,
          port,
          ...(draw() < 0.4 ? { protocol: pick(draw, ['TCP', 'UDP']) } : {}),
        })),
      },
    }),
  },
  nodes: {
    path: '/api/v1/nodes',
    hasStatus: true,
    object: (draw, name) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: metadata(draw, name),
      spec: draw() < 0.5 ? { taints: some(draw, letters).map(key => ({ key, effect: 'NoSchedule' })) } : {},
      ...(draw() < 0.5 ? { status: { capacity: { cpu: pick(draw, ['1', '2']) } } } : {}),
    }),
  },
}

/** One write, by one of three. */
function write(draw, { path, hasStatus, object }, name) {
  const manager = pick(draw, ['ann', 'bob', 'cy'])
  const part = hasStatus && draw() < 0.25 ? '/status' : ''
  const at = more => `${path}/${name}${part}?fieldManager=${manager}${more}`
  const given = object(draw, name)
  const way = draw()
  if (way < 0.55)
    return { name: `apply${part}`, method: 'PATCH', type: APPLY, path: at(`&force=${draw() < 0.5}`), body: given }
  if (way < 0.8) {
    const { apiVersion: _v, kind: _k, metadata: { name: _n, ...rest }, ...fields } = given // prettier-ignore
    const nulls = draw() < 0.4 ? { [part ? 'status' : pick(draw, ['spec', 'status', 'data'])]: null } : {}
    return {
      name: `merge${part}`,
      method: 'PATCH',
      type: MERGE,
      path: at(''),
      body: { metadata: rest, ...fields, ...nulls },
    }
  }
  if (way < 0.9) {
    const body = [{ op: 'add', path: '/metadata/labels', value: { a: pick(draw, letters) } }]
    return { name: 'json', method: 'PATCH', type: JSON_PATCH, path: at(''), body }
  }
  return { name: `put${part}`, method: 'PUT', path: at(''), body: given }
}

const definitions = () =>
  Object.entries(KINDS).map(([kind, given]) => ({
    name: kind,
    steps: [
      { method: 'POST', path: DEFINITIONS, body: definition(kind, given), unjudged: true },
      { path: `/apis/${GROUP}/v1/${kind.toLowerCase()}s`, delay: 3000 },
    ],
  }))

function sequences() {
  const kinds = { ...Object.fromEntries(Object.keys(KINDS).map(kind => [kind, custom(kind)])), ...BUILT_IN }
  return Object.entries(kinds).flatMap(([kind, given], k) =>
    Array.from({ length: SEQUENCES }, (_, i) => {
      const draw = numbers(k * 1000 + i + 1)
      const name = `w${i}`
      return { name: `${kind} ${i}`, steps: Array.from({ length: WRITES }, () => write(draw, given, name)) }
    }),
  )
}

export const stages = [definitions, sequences]
