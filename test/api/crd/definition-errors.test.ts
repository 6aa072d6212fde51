// What is wrong with a CustomResourceDefinition, in kube-apiserver's words, and what is only warned of.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { rulesOf } from '../../../src/main/apiserver/registry/resource.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import { formatFits } from '../../../src/main/apiserver/apiextensions/formats.ts'
import { problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const definitions = builtinResources.find(r => r.schema === 'apiextensions.v1.CustomResourceDefinition')!
const colour = { type: 'string' }
const schemaWith = (properties: Fields) => ({ openAPIV3Schema: { type: 'object', properties } })
const version = (change: Fields = {}) => ({
  ...{ name: 'v1', served: true, storage: true },
  schema: schemaWith({ spec: { type: 'object', properties: { colour, parts: { type: 'array', items: colour } } } }),
  ...change,
})
const definition = (spec: Fields = {}, storedVersions = ['v1']) => ({
  metadata: { name: 'boats.example.com' },
  spec: {
    ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'boats', kind: 'Boat' } },
    ...{ versions: [version()], ...spec },
  },
  status: { storedVersions },
})
const found = (spec: Fields) => problems(definitions, definition(spec))
const ofVersion = (change: Fields) => found({ versions: [version(change)] })
const ofProperty = (schema: Fields) =>
  ofVersion({ schema: schemaWith({ a: schema }) }).map(text => text.replace('spec.validation.openAPIV3Schema', '…'))

const column = (change: Fields) => ({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a', ...change }] }) // prettier-ignore
const scale = (change: Fields) => ({ subresources: { scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', ...change } } }) // prettier-ignore
const select = (...paths: (string | undefined)[]) => ({ selectableFields: paths.map(jsonPath => ({ jsonPath })) })
const TYPES = 'must be one of boolean,date,integer,number,string'

describe('a definition with', () => {
  test.each<[string, Fields, string[]]>([
    ['nothing wrong', {}, []],
    ['a strategy without a name', { conversion: { strategy: '' } }, ['spec.conversion.strategy: Required value']],
    ['a webhook that is not meant', { conversion: { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } } }, ['spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook']],
    ['a webhook that says nothing', { conversion: { strategy: 'Webhook', webhook: {} } }, ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook', 'spec.conversion.conversionReviewVersions: Required value']],
    ['a list of no kind', { names: { plural: 'boats', kind: 'Boat', listKind: 'Boat!' } }, [expect.stringMatching(/^spec\.names\.listKind: Invalid value: "Boat!": may have mixed case, but should otherwise match: /) as never]],
    ['names of its own', { names: {} }, ['metadata.name: Invalid value: "boats.example.com": must be spec.names.plural+"."+spec.group', 'spec.names.plural: Required value', 'spec.names.singular: Required value', 'spec.names.kind: Required value', 'spec.names.listKind: Required value']],
    ['no versions', { versions: [] }, ['spec.versions: Invalid value: []: must have exactly one version marked as storage version', 'status.storedVersions: Invalid value: null: must have at least one stored version']],
    ['a version twice', { versions: [version(), version({ storage: false })] }, [expect.stringMatching(/^spec\.versions: Invalid value: .*: must contain unique version names$/) as never]],
  ])('%s', (_what, spec, expected) => {
    expect(found(spec)).toEqual(expected)
  }) // prettier-ignore

  test('a version less than those in which objects may still be kept', () => {
    const errors = atOnce(rulesOf(definitions, definition({}, ['v1alpha1', 'v1']) as never))
    expect(errors.filter(({ field }) => field.startsWith('status'))).toMatchObject([
      {
        field: 'status.storedVersions[0]',
        message: expect.stringMatching(
          /^Invalid value: "v1alpha1": missing from spec\.versions; v1alpha1 was previously /,
        ) as string,
      },
    ])
  })
})

describe('a version with', () => {
  test.each<[string, Fields, string[]]>([
    ['a column without a type', column({ type: undefined }), [`spec.additionalPrinterColumns[0].type: Required value: ${TYPES}`]],
    ['a column of another type', column({ type: 'object' }), [`spec.additionalPrinterColumns[0].type: Invalid value: "object": ${TYPES}`]],
    ['a column of another format', column({ format: 'shiny' }), [expect.stringContaining('spec.additionalPrinterColumns[0].format: Invalid value: "shiny": must be one of byte,date,date-time,double,float,int32,int64,password') as never]],
    ['a column of nothing', column({ jsonPath: '' }), ['spec.additionalPrinterColumns[0].JSONPath: Required value']],
    ['a column of a path without a dot', column({ jsonPath: 'a' }), ['spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .']],
    ['a field to select by', select('.spec.colour'), []],
    ['one that is not there', select('.spec.size'), ['spec.selectableFields[0].jsonPath: Invalid value: ".spec.size": is an invalid path: does not refer to a valid field']],
    ['one of many values', select('.spec.parts'), ['spec.selectableFields[0].jsonPath: Invalid value: ".spec.parts": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.']],
    ['one of a list', select('.spec.parts[0]'), ['spec.selectableFields[0].jsonPath: Invalid value: ".spec.parts[0]": is an invalid path: array notation is not allowed']],
    ['one twice', select('.spec.colour', '.spec.colour'), ['spec.selectableFields[1].jsonPath: Duplicate value: ".spec.colour"']],
    ['one of no path', select(undefined), ['spec.selectableFields[0].jsonPath: Required value']],
    ['replicas of the status', scale({ specReplicasPath: '.status.n' }), ['spec.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec']],
    ['replicas of nothing', scale({ statusReplicasPath: '' }), ['spec.subresources.scale.statusReplicasPath: Required value']],
    ['a selector of the metadata', scale({ labelSelectorPath: '.metadata.a' }), ['spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.a": should be a json path under either .spec or .status']],
    ['a warning of nothing', { deprecationWarning: 'old' }, ['spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions']],
    ['an empty warning', { deprecated: true, deprecationWarning: '' }, ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string']],
    ['no schema', { schema: undefined }, ['spec.versions[0].schema.openAPIV3Schema: Required value']],
  ])('%s', (_what, change, expected) => {
    expect(ofVersion(change)).toEqual(expected)
  }) // prettier-ignore
})

describe('a schema of', () => {
  const map = (change: Fields, items: Fields = {}) => ({ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } }, ...items }, ...change }) // prettier-ignore
  test.each<[string, Fields, string[]]>([
    ['a map of items', map({}), []],
    ['a set that is a string', { type: 'string', 'x-kubernetes-list-type': 'set' }, ['….properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified']],
    ['a struct that is a string', { type: 'string', 'x-kubernetes-map-type': 'atomic' }, ['….properties[a].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified']],
    ['a set with keys', map({ 'x-kubernetes-list-type': 'set' }, { 'x-kubernetes-map-type': 'atomic' }), ['….properties[a].x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty']],
    ['a map of texts', map({ items: { type: 'string' } }), [`….properties[a].items.type: Invalid value: "string": must be object if parent array's x-kubernetes-list-type is map`]],
    ['a map by lists', map({}, { properties: { name: { type: 'array', items: colour } } }), [`….properties[a].items.properties[name].type: Invalid value: "object": must be a scalar type if parent array's x-kubernetes-list-type is map`]],
    ['a map by a key twice', map({ 'x-kubernetes-list-map-keys': ['name', 'name'] }), ['….properties[a].x-kubernetes-list-map-keys: Invalid value: ["name","name"]: must not contain duplicate entries']],
    ['a map of what may be null', map({}, { nullable: true }), ['….properties[a].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map']],
    ['items of no type', { type: 'array', items: {} }, ['….properties[a].items.type: Required value: must not be empty for specified array items']],
  ])('%s', (_what, schema, expected) => {
    expect(ofProperty(schema)).toEqual(expected)
  }) // prettier-ignore

  test('formats that mean nothing is warned of, once', () => {
    const of = (...formats: [type: string, format: string][]) =>
      definition({
        versions: [version({ schema: schemaWith(Object.fromEntries(formats.map(([type, format], i) => [`f${i}`, { type, format }]))) })],
      }) as never // prettier-ignore
    const shiny = of(['string', 'shiny'], ['string', 'date-time'], ['integer', 'int64'], ['integer', 'uint8'])
    expect(definitions.warnings!(shiny, undefined)).toEqual([
      'unrecognized format "shiny"',
      'unrecognized format "uint8"',
    ])
    expect(definitions.warnings!(shiny, of(['string', 'shiny']))).toEqual(['unrecognized format "uint8"'])
  })
})

test.each<[string, string[], string[]]>([
  ['uri', ['https://example.com/a', '/a', 'mailto:jo@example.com'], ['a', 'https://exa mple.com']],
  ['email', ['jo@example.com', 'Jo <jo@example.com>'], ['jo', '@example.com', 'jo@', 'a b@example.com']],
  ['hostname', ['example.com', 'web-1'], ['-a', 'a..b', 'example.c', `${'a'.repeat(64)}.com`]],
  ['mac', ['00:1b:44:11:3a:b7', '00-1b-44-11-3a-b7', '001b.4411.3ab7'], ['00:1b:44:11:3a', '00:1b-44:11:3a:b7']],
  ['uuid4', ['c2a8f6d4-1c3a-4e6b-9f1d-0a1b2c3d4e5f'], ['c2a8f6d4-1c3a-5e6b-9f1d-0a1b2c3d4e5f']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', '978-0321751042']],
  ['creditcard', ['4111 1111 1111 1111'], ['4111 1111 1111 1112']],
  ['ssn', ['111-22-3333', '111223333'], ['11-22-3333']],
  ['hexcolor', ['#fff', 'A0B1C2'], ['#ffff']],
  ['rgbcolor', ['rgb(255, 0, 1)'], ['rgb(256,0,1)', 'rgb(1,2)']],
  ['duration', ['1h30m', '-1.5s', '0', '2 weeks', '3 days'], ['', 'soon', '5 lightyears', '9'.repeat(50_000)]],
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77']],
  ['k8s-short-name', ['a-1'], ['A', 'a.b', '-a', 'a'.repeat(64)]],
  ['k8s-long-name', ['a.b-1'], ['a..b', 'A.b']],
  ['date-time', ['2026-01-02T03:04:05Z'], ['2026-01-02', '2026-01-02 03:04:05Z']],
  ['something else', ['anything'], []],
])('format %s', (format, right, wrong) => {
  for (const text of right) expect.soft(formatFits(format, text), text).toBe(true)
  for (const text of wrong) expect.soft(formatFits(format, text), text).toBe(false)
})

describe('what is structural: a property with', () => {
  const intOrString = { 'x-kubernetes-int-or-string': true }
  const either = [{ type: 'integer' }, { type: 'string' }]
  const embedded = { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }
  const empty = (...places: string[]) =>
    places.map(place => `….properties[a].${place}.type: Forbidden: must be empty to be structural`)
  test.each<[string, Fields, string[]]>([
    ['either of two types', { ...intOrString, anyOf: either }, []],
    ['either of two types and more', { ...intOrString, allOf: [{ anyOf: either }, { pattern: 'a' }] }, []],
    ['the types in another order', { ...intOrString, anyOf: [...either].reverse() }, empty('anyOf[0]', 'anyOf[1]')],
    ['a type with a pattern', { ...intOrString, anyOf: [either[0], { type: 'string', pattern: 'a' }] }, empty('anyOf[0]', 'anyOf[1]')],
    ['an int-or-string that is an object', { ...intOrString, ...embedded }, ['….properties[a].type: Required value: must be object if x-kubernetes-embedded-resource is true', ...['embedded-resource', 'preserve-unknown-fields'].map(name => `….properties[a].x-kubernetes-${name}: Invalid value: true: must be false if x-kubernetes-int-or-string is true`)]],
    ['extensions in a junctor', { type: 'object', not: { ...embedded, ...intOrString } }, ['embedded-resource', 'int-or-string', 'preserve-unknown-fields'].map(name => `….properties[a].not.x-kubernetes-${name}: Forbidden: must be false to be structural`)],
    ['other fields of an object inside', { type: 'object', ...embedded, additionalProperties: colour }, ['….properties[a].additionalProperties: Forbidden: must not be used if x-kubernetes-embedded-resource is set']],
    ['either of two types beside its own', { type: 'string', anyOf: either }, []],
    ['what else is none of a junctor', { type: 'object', not: { title: 'A', default: {}, nullable: true, additionalProperties: false } }, [['additionalProperties', 'undefined'], ['default', 'undefined'], ['nullable', 'false'], ['title', 'empty']].map(([name, what]) => `….properties[a].not.${name}: Forbidden: must be ${what} to be structural`)],
    ['metadata in a junctor', { type: 'object', not: { properties: { metadata: {} } } }, ['….properties[a].not.properties[metadata]: Forbidden: must not be specified in a nested context']],
    ['an object inside whose kind is a number', { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { kind: { type: 'integer' } } }, ['….properties[a].properties[kind].type: Invalid value: "integer": must be string']],
    ['no type there is', { type: 'null' }, ['….properties[a].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"', '….properties[a].type: Forbidden: type cannot be set to null, use nullable as an alternative']],
    ['items that are no schema', { type: 'array', items: [] }, ['….properties[a].items: Forbidden: items must be a schema object and not an array']],
    ['several items', { type: 'array', items: [colour] }, ['….properties[a].items: Forbidden: items must be a schema object and not an array']],
  ])('%s', (_what, schema, expected) => {
    expect(ofProperty(schema)).toEqual(expected)
  }) // prettier-ignore

  const ofRoot = (schema: Fields, change: Fields = {}) =>
    ofVersion({ schema: { openAPIV3Schema: { type: 'object', ...schema } }, ...change }).map(text =>
      text.replaceAll('spec.validation.openAPIV3Schema', '…'),
    )
  const onlyNames = '….properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified' // prettier-ignore
  test.each<[string, Fields, string[]]>([
    ['names that it narrows', { properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 9 } } } } }, []],
    ['labels that it narrows', { properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }, [onlyNames]],
    ['metadata that it tells of', { properties: { metadata: { type: 'object', description: 'who it is' } } }, [onlyNames]],
    ['metadata without a type', { properties: { metadata: {} } }, ['….properties[metadata].type: Required value: must not be empty for specified object fields', '….properties[metadata].type: Invalid value: "": must be object']],
    ['what a junctor alone speaks of', { properties: { a: colour }, anyOf: [{ properties: { a: { maxLength: 3 }, b: { maxLength: 3 } } }] }, ['….properties[b]: Required value: because it is defined in ….anyOf[0].properties[b]']],
    ['what a junctor alone has items of', { properties: { a: colour }, allOf: [{ properties: { a: { items: { maxLength: 3 } } } }] }, ['….properties[a].items: Required value: because it is defined in ….allOf[0].properties[a].items']],
    ['another language', { $schema: 'https://json-schema.org/draft/2020-12/schema' }, [`…: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`]],
    ['null', { nullable: true }, ['….nullable: Forbidden: nullable cannot be true at the root']],
    ['a default of its kind', { properties: { kind: { type: 'string', default: 'Boat' } } }, ['….properties[kind].default: Forbidden: must not be set in top-level kind']],
  ])('a root with %s', (_what, schema, expected) => {
    expect(ofRoot(schema).toSorted()).toEqual(expected.toSorted())
  }) // prettier-ignore

  test.each<[string, Fields, boolean]>([
    ['properties that are needed', { required: ['a'], properties: { a: colour } }, true],
    ['a default', { default: {} }, false],
    ['junctors', { not: { required: ['b'] } }, false],
    ['a number of properties', { maxProperties: 0 }, false],
  ])('beside a status that is written apart, a root with %s', (_what, schema, isRight) => {
    const told = ofRoot(schema, { subresources: { status: {} } }).filter(text => text.startsWith('…: Invalid value: {'))
    expect(told).toEqual(
      isRight
        ? []
        : [expect.stringMatching(/: only \[Description Type Format .* XValidations\] fields are allowed at the root/)],
    )
  })

  test.each<[string, Fields, string[]]>([
    ['that fits', { type: 'object', properties: { b: colour }, default: { b: 'red' } }, []],
    ['with more than there is', { type: 'object', properties: { b: colour }, default: { c: 1 } }, ['….properties[a].default: Invalid value: {"c":1}: must not have unknown fields']],
    ['that is an object without a kind', { ...embedded, type: 'object', default: { apiVersion: 'v1' } }, ['….properties[a].default.kind: Required value']],
    ['of a factor that is none', { type: 'integer', multipleOf: 0, default: 0 }, ['….properties[a].default: Invalid value: 0: factor MultipleOf declared for  must be positive: 0']],
  ])('a default %s', (_what, schema, expected) => {
    expect(ofProperty(schema)).toEqual(expected)
  }) // prettier-ignore

  test('a default that breaks a rule of its field', async () => {
    const rules = { 'x-kubernetes-validations': [{ rule: 'self.b != "red"', message: 'not red' }] }
    const schema = schemaWith({ a: { type: 'object', properties: { b: colour }, default: { b: 'red' }, ...rules } })
    const errors = await definitions.check!(
      definition({ versions: [version({ schema })] }) as never,
      undefined,
      () => {},
      false,
    )
    expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'spec.validation.openAPIV3Schema.properties[a].default: Invalid value: not red',
    ])
  })

  test('a default beside a rule that says nothing: the rule is told of', async () => {
    const schema = schemaWith({ a: { ...colour, default: 'red', 'x-kubernetes-validations': [{}] } })
    const given = definition({ versions: [version({ schema })] })
    expect(problems(definitions, given)).toEqual([
      'spec.validation.openAPIV3Schema.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified',
    ])
    expect(await definitions.check!(given as never, undefined, () => {}, false)).toEqual([])
  })

  test('what was let in is not held against a definition that is changed elsewhere', () => {
    const schema = schemaWith({ metadata: { type: 'object', description: 'who it is' } })
    const before = definition({ versions: [version({ schema })] })
    const after = definition({ versions: [version({ schema, ...column({}) })] })
    const told = (old?: unknown) =>
      atOnce(rulesOf(definitions, after as never, old as never)).filter(({ field }) =>
        field.startsWith('spec.validation'),
      )
    expect([told().length, told(before).length]).toEqual([1, 0])
  })

  test.each([true, false, colour])('the root has no other fields than it names: %j', additionalProperties => {
    expect(ofVersion({ schema: { openAPIV3Schema: { type: 'object', additionalProperties } } })).toEqual([
      'spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root',
    ])
  })
})
