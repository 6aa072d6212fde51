// Custom resource definitions that are wrong in one way, and custom resources against their schema and rules.
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** One property of the spec, each in a definition of its own. */
const PROPERTIES = {
  'no type': {},
  'unknown type': { type: 'other' },
  'array without items': { type: 'array' },
  'items as list': { type: 'array', items: [{ type: 'string' }] },
  'unique items': { type: 'array', items: { type: 'string' }, uniqueItems: true },
  'set of objects': { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } },
  'set of atomic objects': {
    type: 'array',
    'x-kubernetes-list-type': 'set',
    items: { type: 'object', 'x-kubernetes-map-type': 'atomic' },
  },
  'map without keys': { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
  'map of missing key': {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['a'],
    items: { type: 'object' },
  },
  'map with optional key': {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['a'],
    items: { type: 'object', properties: { a: { type: 'string' } } },
  },
  'keys without map': { type: 'array', 'x-kubernetes-list-map-keys': ['a'], items: { type: 'object' } },
  'list type of object': { type: 'object', 'x-kubernetes-list-type': 'set' },
  'odd list type': { type: 'array', 'x-kubernetes-list-type': 'odd', items: { type: 'string' } },
  'map type': { type: 'object', 'x-kubernetes-map-type': 'odd' },
  'both of object': { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
  'additional false': { type: 'object', additionalProperties: false },
  'additional true': { type: 'object', additionalProperties: true },
  'int or string with type': { type: 'string', 'x-kubernetes-int-or-string': true },
  'int or string with anyOf': { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
  'preserve of string': { type: 'string', 'x-kubernetes-preserve-unknown-fields': true },
  'preserve false': { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
  embedded: { type: 'object', 'x-kubernetes-embedded-resource': true },
  'embedded preserved': {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  },
  ref: { $ref: '#/x' },
  'bad pattern': { type: 'string', pattern: '(' },
  lookahead: { type: 'string', pattern: '(?=a)' },
  'bad default': { type: 'integer', default: 'x' },
  'default below minimum': { type: 'integer', minimum: 5, default: 1 },
  'default with unknown field': { type: 'object', properties: { a: { type: 'string' } }, default: { b: 1 } },
  'null default': { type: 'string', default: null },
  'nullable default': { type: 'string', nullable: true, default: null },
  'bad format': { type: 'string', format: 'other' },
  'format of integer': { type: 'integer', format: 'date-time' },
  'not with type': { type: 'object', not: { type: 'string' } },
  'anyOf with type': { type: 'string', anyOf: [{ type: 'string', pattern: 'a' }] },
  'allOf with properties': { type: 'object', allOf: [{ properties: { a: { type: 'string' } } }] },
  'oneOf required': {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'string' } },
    oneOf: [{ required: ['a'] }, { required: ['b'] }],
  },
  dependencies: { type: 'object', dependencies: { a: ['b'] } },
  definitions: { type: 'object', definitions: { a: { type: 'string' } } },
  id: { type: 'string', id: 'x' },
  patternProperties: { type: 'object', patternProperties: { a: { type: 'string' } } },
  'min length above max': { type: 'string', minLength: 5, maxLength: 1 },
  'negative min length': { type: 'string', minLength: -1 },
  'multipleOf zero': { type: 'integer', multipleOf: 0 },
  'enum of other type': { type: 'string', enum: [1] },
  'enum twice': { type: 'string', enum: ['a', 'a'] },
  'rule that does not parse': { type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] },
  'rule of no bool': { type: 'string', 'x-kubernetes-validations': [{ rule: 'self' }] },
  'rule of unknown field': {
    type: 'object',
    properties: { a: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: 'self.b == "x"' }],
  },
  'rule of unknown variable': { type: 'string', 'x-kubernetes-validations': [{ rule: 'other == "x"' }] },
  'rule of wrong types': { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == "x"' }] },
  'rule of unknown function': { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.none()' }] },
  'empty rule': { type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] },
  'rule twice': { type: 'string', 'x-kubernetes-validations': [{ rule: 'true' }, { rule: 'true' }] },
  'rule with newline in message': { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] },
  'rule with long message': {
    type: 'string',
    'x-kubernetes-validations': [{ rule: 'true', message: 'a'.repeat(3000) }],
  },
  'rule with bad reason': { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', reason: 'Other' }] },
  'rule with bad field path': {
    type: 'object',
    properties: { a: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }],
  },
  'rule with odd field path': {
    type: 'object',
    properties: { a: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: 'true', fieldPath: 'a[' }],
  },
  'rule with bad message expression': {
    type: 'string',
    'x-kubernetes-validations': [{ rule: 'true', messageExpression: 'self +' }],
  },
  'rule with message expression of no string': {
    type: 'string',
    'x-kubernetes-validations': [{ rule: 'true', messageExpression: '1' }],
  },
  'rule that costs': {
    type: 'array',
    items: { type: 'string' },
    'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, self.all(c, a == b)))' }],
  },
  'rule that costs with limit': {
    type: 'array',
    maxItems: 10,
    items: { type: 'string', maxLength: 10 },
    'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, self.all(c, a == b)))' }],
  },
  'transition rule in list': {
    type: 'array',
    items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
  },
  'optional old self without it': {
    type: 'string',
    'x-kubernetes-validations': [{ rule: 'self != ""', optionalOldSelf: true }],
  },
  'rule with reserved names': {
    type: 'object',
    properties: { namespace: { type: 'string' }, 'a-b': { type: 'string' }, a_b: { type: 'string' } },
    'x-kubernetes-validations': [
      { rule: 'self.__namespace__ == "a" && self.a__dash__b == "b" && self.a__underscores__b == "x"' },
    ],
  },
  'rule of bad regular expression': { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.matches("(")' }] },
  'rule of bad quantity': { type: 'string', 'x-kubernetes-validations': [{ rule: 'quantity("x") == quantity(self)' }] },
  'rule of undefined preserve': {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-validations': [{ rule: 'self.x == 1' }],
  },
}

const definition = (name, spec, more = {}) => ({
  metadata: { name: `${name}s.judged.example.com` },
  spec: {
    group: 'judged.example.com',
    scope: 'Namespaced',
    names: { plural: `${name}s`, singular: name, kind: name[0].toUpperCase() + name.slice(1) },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
      },
    ],
    ...more,
  },
})

const version = (name, more = {}) => ({
  name,
  served: true,
  storage: false,
  schema: { openAPIV3Schema: { type: 'object' } },
  ...more,
})
const SPECS = [
  { versions: [] },
  { versions: [version('v1')] },
  { versions: [version('v1', { storage: true }), version('v1', { storage: true })] },
  { versions: [version('V1', { storage: true })] },
  { versions: [version('v1', { storage: true, schema: undefined })] },
  { versions: [version('v1', { storage: true, schema: {} })] },
  { versions: [version('v1', { storage: true, schema: { openAPIV3Schema: { type: 'string' } } })] },
  {
    versions: [
      version('v1', {
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
          },
        },
      }),
    ],
  },
  {
    versions: [
      version('v1', {
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { metadata: { type: 'object', properties: { name: { type: 'string', pattern: 'a' } } } },
          },
        },
      }),
    ],
  },
  {
    versions: [
      version('v1', {
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { apiVersion: { type: 'integer' } } } },
      }),
    ],
  },
  { versions: [version('v1', { storage: true, schema: { openAPIV3Schema: { type: 'object', nullable: true } } })] },
  {
    versions: [version('v1', { storage: true, additionalPrinterColumns: [{ name: '', type: 'x', jsonPath: 'spec' }] })],
  },
  {
    versions: [
      version('v1', { storage: true, additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '.spec[' }] }),
    ],
  },
  {
    versions: [
      version('v1', {
        storage: true,
        additionalPrinterColumns: [{ name: 'a', type: 'string', format: 'x', jsonPath: '.spec' }],
      }),
    ],
  },
  { versions: [version('v1', { storage: true, subresources: { scale: {} } })] },
  {
    versions: [
      version('v1', {
        storage: true,
        subresources: {
          scale: { specReplicasPath: '.status.a', statusReplicasPath: '.spec.b', labelSelectorPath: 'c' },
        },
      }),
    ],
  },
  { versions: [version('v1', { storage: true, selectableFields: [{ jsonPath: '.spec.none' }] })] },
  {
    versions: [
      version('v1', {
        storage: true,
        selectableFields: [{ jsonPath: '.metadata.name' }, { jsonPath: 'a' }, { jsonPath: '' }],
      }),
    ],
  },
  { versions: [version('v1', { storage: true, deprecationWarning: 'x' })] },
  { versions: [version('v1', { storage: true, deprecated: true, deprecationWarning: '' })] },
  { group: 'Bad_' },
  { group: '' },
  { group: 'nodots' },
  { scope: 'Other' },
  {
    names: { plural: 'Bad_', kind: 'bad kind', singular: 'X', listKind: 'y z', shortNames: ['A'], categories: ['B_'] },
  },
  { names: { plural: 'other', kind: 'Thing' } },
  { names: { plural: 'things' } },
  { names: { plural: 'things', kind: 'Thing', listKind: 'Thing' } },
  { conversion: { strategy: 'Other' } },
  { conversion: { strategy: 'Webhook' } },
  { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: [], clientConfig: {} } } },
  {
    conversion: {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v9'], clientConfig: { url: 'http://x' } },
    },
  },
  {
    conversion: { strategy: 'None', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://x' } } },
  },
  { preserveUnknownFields: true },
]

const spec = {
  type: 'object',
  required: ['size'],
  'x-kubernetes-validations': [
    { rule: 'self.size < 8', message: 'too big' },
    {
      rule: '!has(self.name) || self.name != "bad"',
      messageExpression: '"bad name " + self.name',
      reason: 'FieldValueForbidden',
      fieldPath: '.name',
    },
    { rule: '!has(self.tags) || self.tags.all(t, t.startsWith("t"))' },
  ],
  properties: {
    size: { type: 'integer', minimum: 0, maximum: 10, multipleOf: 1 },
    share: { type: 'number', exclusiveMinimum: true, minimum: 0.5 },
    name: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
    colour: { type: 'string', enum: ['red', 'blue'] },
    when: { type: 'string', format: 'date-time' },
    address: { type: 'string', format: 'ipv4' },
    code: { type: 'string', format: 'byte' },
    id: { type: 'string', format: 'uuid' },
    mail: { type: 'string', format: 'email' },
    url: { type: 'string', format: 'uri' },
    long: { type: 'string', format: 'duration' },
    on: { type: 'boolean' },
    port: { 'x-kubernetes-int-or-string': true },
    maybe: { type: 'string', nullable: true },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is fixed' }] },
    tags: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', maxLength: 9 },
    },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, count: { type: 'integer', default: 3 } },
      },
    },
    labels: { type: 'object', minProperties: 1, maxProperties: 2, additionalProperties: { type: 'string' } },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    choice: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    },
    closest: {
      type: 'object',
      properties: { kind: { type: 'string' }, size: { type: 'integer' }, x: { type: 'string' } },
      anyOf: [
        { required: ['x'] },
        { required: ['kind'], properties: { kind: { enum: ['big'] }, size: { minimum: 9 } } },
      ],
    },
    every: { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }] },
    never: { type: 'object', properties: { bad: { type: 'string' } }, not: { required: ['bad'] } },
    small: { type: 'integer', format: 'int32' },
    large: { type: 'integer', format: 'int64' },
    float: { type: 'number', format: 'float' },
    whole: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  },
}
const VALUES = [
  {},
  { size: 1 },
  { size: -1 },
  { size: 11 },
  { size: 9 },
  { size: 1.5 },
  { size: '1' },
  { size: null },
  { size: 1, share: 0.5 },
  { size: 1, share: 'x' },
  { size: 1, name: 'A' },
  { size: 1, name: 'toolong' },
  { size: 1, name: 'bad' },
  { size: 1, name: '' },
  { size: 1, name: null },
  { size: 1, colour: 'green' },
  { size: 1, when: 'x' },
  { size: 1, address: 'x' },
  { size: 1, code: '!' },
  { size: 1, id: 'x' },
  { size: 1, mail: 'x' },
  { size: 1, url: 'x y' },
  { size: 1, long: 'x' },
  { size: 1, on: 'true' },
  { size: 1, port: 1.5 },
  { size: 1, port: true },
  { size: 1, maybe: null },
  { size: 1, tags: [] },
  { size: 1, tags: ['ta', 'ta'] },
  { size: 1, tags: ['a'] },
  { size: 1, tags: ['ta', 'tb', 'tc', 'td'] },
  { size: 1, tags: ['ttttttttttttt'] },
  { size: 1, tags: 'x' },
  { size: 1, tags: [1] },
  { size: 1, tags: [null] },
  { size: 1, parts: [{ name: 'a' }, { name: 'a' }] },
  { size: 1, parts: [{}] },
  { size: 1, parts: [{ name: 'a', count: 'x' }] },
  { size: 1, parts: {} },
  { size: 1, labels: {} },
  { size: 1, labels: { a: '1', b: '2', c: '3' } },
  { size: 1, labels: { a: 1 } },
  { size: 1, open: { x: 1 } },
  { size: 1, open: [] },
  { size: 1, choice: {} },
  { size: 1, choice: { a: 'x', b: 'y' } },
  { size: 1, closest: {} },
  { size: 1, closest: { kind: 'big', size: 1 } },
  { size: 1, closest: { kind: 'small', size: 1 } },
  { size: 1, closest: { x: 'y' } },
  { size: 1, every: true },
  { size: 1, every: 1.5 },
  { size: 1, every: [] },
  { size: 1, never: { bad: 'x' } },
  { size: 1, small: 2 ** 31 },
  { size: 1, small: 'x' },
  { size: 1, small: true },
  { size: 1, large: 2e19 },
  { size: 1, float: 1e39 },
  { size: 1, float: [] },
  { size: 1, when: 5 },
  { size: 1, colour: 5 },
  { size: 1, whole: {} },
  { size: 1, whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'A_', x: 1 }, y: 2 } },
  { size: 1, unknown: 1 },
  { size: 1, fixed: 'a' },
  [],
  'x',
  1,
  null,
]

export function* cases() {
  for (const [name, property] of Object.entries(PROPERTIES))
    yield {
      name: `definition: ${name}`,
      steps: [
        {
          method: 'POST',
          path: `${DEFINITIONS}?dryRun=All`,
          body: definition('thing', { type: 'object', properties: { it: property } }),
        },
      ],
    }
  for (const more of SPECS)
    yield {
      name: `definition: ${JSON.stringify(more).slice(0, 120)}`,
      steps: [
        { method: 'POST', path: `${DEFINITIONS}?dryRun=All`, body: definition('thing', { type: 'object' }, more) },
      ],
    }
  yield {
    name: 'definition: other name',
    steps: [
      {
        method: 'POST',
        path: `${DEFINITIONS}?dryRun=All`,
        body: { ...definition('thing', { type: 'object' }), metadata: { name: 'x' } },
      },
    ],
  }
  const sloops = '/apis/judged.example.com/v1/namespaces/judge/sloops'
  const sloop = (name, spec, more = {}) => ({
    apiVersion: 'judged.example.com/v1',
    kind: 'Sloop',
    metadata: { name },
    spec,
    ...more,
  })
  const wait = { path: '/version', unjudged: true, delay: 2_000 }
  const APPLY = 'application/apply-patch+yaml'
  const MERGE = 'application/merge-patch+json'
  const create = (spec, query = 'fieldValidation=Strict') => ({
    name: `${JSON.stringify(spec)} ${query}`,
    method: 'POST',
    path: `${sloops}?dryRun=All&${query}`,
    body: sloop('tried', spec),
  })
  yield {
    name: 'custom resources',
    steps: [
      {
        method: 'POST',
        path: DEFINITIONS,
        body: definition('sloop', spec, {
          names: { plural: 'sloops', kind: 'Sloop', shortNames: ['sl'], categories: ['boats'] },
        }),
      },
      wait,
      { path: `${DEFINITIONS}/sloops.judged.example.com` },
      ...VALUES.flatMap(value => [create(value), create(value, 'fieldValidation=Warn')]),
      { name: 'made', method: 'POST', path: sloops, body: sloop('made', { size: 1, fixed: 'a' }) },
      { name: 'fixed', method: 'PATCH', type: MERGE, path: `${sloops}/made`, body: '{"spec":{"fixed":"b"}}' },
      {
        name: 'strategic',
        method: 'PATCH',
        type: 'application/strategic-merge-patch+json',
        path: `${sloops}/made`,
        body: '{}',
      },
      ...[
        { name: null },
        { maybe: null },
        { parts: null },
        { parts: [{ name: 'a', count: null }] },
        { choice: null },
      ].map(value => ({
        name: `applied ${JSON.stringify(value)}`,
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/nulls?fieldManager=one&dryRun=All`,
        body: JSON.stringify(sloop('nulls', { size: 1, ...value })),
      })),
      {
        name: 'applied',
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/made?fieldManager=one`,
        body: JSON.stringify(sloop('made', { size: 2, parts: [{ name: 'a' }] })),
      },
      {
        name: 'applied by force',
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/made?fieldManager=one&force=true`,
        body: JSON.stringify(sloop('made', { size: 2, parts: [{ name: 'a' }] })),
      },
      {
        name: 'applied by another',
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/made?fieldManager=two`,
        body: JSON.stringify(sloop('made', { parts: [{ name: 'a', count: 5 }, { name: 'b' }] })),
      },
      {
        name: 'applied with unknown',
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/made?fieldManager=two`,
        body: JSON.stringify(sloop('made', { nothing: 1, parts: [{ name: 'b', y: 1 }] })),
      },
      {
        name: 'applied twice',
        method: 'PATCH',
        type: APPLY,
        path: `${sloops}/made?fieldManager=two`,
        body: JSON.stringify(sloop('made', { parts: [{ name: 'b' }, { name: 'b' }] })),
      },
      {
        name: 'status',
        method: 'PATCH',
        type: MERGE,
        path: `${sloops}/made/status`,
        body: '{"status":{"size":3},"spec":{"size":5}}',
      },
      { name: 'put without version', method: 'PUT', path: `${sloops}/made`, body: sloop('made', { size: 3 }) },
      { name: 'scale', path: `${sloops}/made/scale` },
      { name: 'scaled', method: 'PATCH', type: MERGE, path: `${sloops}/made/scale`, body: '{"spec":{"replicas":4}}' },
      {
        name: 'scaled too far',
        method: 'PATCH',
        type: MERGE,
        path: `${sloops}/made/scale`,
        body: '{"spec":{"replicas":40}}',
      },
      { name: 'list', path: sloops },
      { name: 'table', path: sloops, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      { name: 'bad selector', path: `${sloops}?fieldSelector=spec.size%3D1` },
      { name: 'discovery', path: '/apis/judged.example.com/v1' },
      { name: 'openapi', path: '/openapi/v3/apis/judged.example.com/v1' },
      { name: 'protobuf', path: sloops, accept: 'application/vnd.kubernetes.protobuf' },
      {
        name: 'yaml',
        method: 'POST',
        path: `${sloops}?dryRun=All&fieldValidation=Strict`,
        type: 'application/yaml',
        body: 'apiVersion: judged.example.com/v1\nkind: Sloop\nmetadata: {name: y}\nspec: {size: 1, size: 2}\n',
      },
      {
        name: 'wrong kind',
        method: 'POST',
        path: `${sloops}?dryRun=All`,
        body: { ...sloop('a', { size: 1 }), kind: 'Other' },
      },
      {
        name: 'wrong version',
        method: 'POST',
        path: `${sloops}?dryRun=All`,
        body: { ...sloop('a', { size: 1 }), apiVersion: 'judged.example.com/v2' },
      },
      {
        name: 'no kind',
        method: 'POST',
        path: `${sloops}?dryRun=All`,
        body: { metadata: { name: 'a' }, spec: { size: 1 } },
      },
      { name: 'bad name', method: 'POST', path: `${sloops}?dryRun=All`, body: sloop('A_', { size: 1 }) },
      { name: 'delete', method: 'DELETE', path: `${sloops}/made` },
      { name: 'delete all', method: 'DELETE', path: sloops },
    ],
  }
}
