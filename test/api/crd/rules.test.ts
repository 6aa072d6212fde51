// x-kubernetes-validations: what definitions may say, and what it does to objects.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { defineKind, type Kind } from './support/define.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api[Symbol.asyncDispose]())

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

describe('a definition', () => {
  const refused = (spec: JSONSchemaProps) =>
    refusal(defineKind(api, 'Broken', { type: 'object', properties: { spec } }, { wait: false }))
  const rule = (text: string, more: object = {}): JSONSchemaProps => ({
    type: 'object',
    properties: {
      x: { type: 'integer' },
      name: { type: 'string' },
      names: { type: 'array', items: { type: 'string' } },
    },
    'x-kubernetes-validations': [{ rule: text, ...more }],
  })
  const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]'

  test.each<[string, JSONSchemaProps, string]>([
    ['with a syntax error', rule('self.x > >'), `${at}.rule: Invalid value`],
    ['with a syntax error, and says so', rule('self.x > >'), 'compilation failed: ERROR: <input>:1:10: Syntax error'],
    ['that reads a field that is not declared', rule('self.y == 1'), "undefined field 'y'"],
    ['that is not a bool', rule('self.x'), 'cel expression must evaluate to a bool'],
    ['without a rule', rule(' '), `${at}.rule: Required value: rule is not specified`],
    ['with a message of two lines', rule('true', { message: 'a\nb' }), 'must not contain line breaks'],
    [
      'with a messageExpression that is not a text',
      rule('true', { messageExpression: '1' }),
      'messageExpression must evaluate to a string',
    ],
    ['with an unknown reason', rule('true', { reason: 'Because' }), 'Unsupported value: "Because"'],
    ['with a fieldPath that leads nowhere', rule('true', { fieldPath: '.y' }), 'must be a valid path'],
    [
      'with optionalOldSelf for nothing',
      rule('true', { optionalOldSelf: true }),
      'may not be set if oldSelf is not used in rule',
    ],
    [
      'whose rule may cost too much',
      rule('self.names.all(x, self.names.all(y, x == y))'),
      `${at}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ],
    [
      'with a transition rule on items that cannot be told apart',
      {
        type: 'array',
        maxItems: 3,
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
      },
      'oldSelf cannot be used on the uncorrelatable portion of the schema within',
    ],
  ])('%s is refused', async (_name, spec, message) => {
    expect(await refused(spec)).toContain(message)
  })

  test('is not too dear by what stands in for an absent list, nor by texts that must be URLs', async () => {
    const addresses: JSONSchemaProps = { type: 'array', maxItems: 256, items: { type: 'string', maxLength: 64 } }
    const urls: JSONSchemaProps = {
      type: 'array',
      maxItems: 100,
      items: { type: 'string', 'x-kubernetes-validations': [{ rule: "isURL(self) && self.startsWith('https://')" }] },
    }
    const spec: JSONSchemaProps = {
      type: 'object',
      properties: { addresses, urls },
      'x-kubernetes-validations': [
        { rule: '(has(self.addresses) ? self.addresses : []).exists(one, one.contains("/"))' },
      ],
    }
    const defined = defineKind(api, 'Affordable', { type: 'object', properties: { spec } }, { wait: false })
    expect(await refusal(defined)).toBe('accepted')
  })

  test('may compare whether fields are there, however long their texts may be', async () => {
    const windows: JSONSchemaProps = {
      type: 'array',
      maxItems: 50,
      items: { type: 'object', properties: { schedule: { type: 'string' }, duration: { type: 'string' } } },
      'x-kubernetes-validations': [{ rule: 'self.all(x, has(x.schedule) == has(x.duration))', message: 'both' }],
    }
    const spec: JSONSchemaProps = { type: 'object', properties: { windows } }
    const kind = await defineKind(api, 'Window', { type: 'object', properties: { spec } })
    const told = (window: object) => refusal(kind.create('x', { spec: { windows: [window] } }))
    expect(await told({ schedule: '@daily' })).toContain('both')
    expect(await told({ schedule: '@daily', duration: '1h' })).toBe('accepted')
  })

  test('may count on what a call can come to at most, as upstream does', async () => {
    const rules = (schema: JSONSchemaProps, ...texts: readonly string[]): JSONSchemaProps => ({
      ...schema,
      'x-kubernetes-validations': texts.map(rule => ({ rule })),
    })
    const spec: JSONSchemaProps = {
      type: 'object',
      properties: {
        path: rules(
          { type: 'string', maxLength: 1023 },
          "self.split('.', 16).all(part, part.matches('^[a-z0-9]{0,62}$'))",
        ),
        dashed: rules({ type: 'string', maxLength: 3_000_000 }, "self.replace('a', '-').replace('b', '-') != 'c'"),
        url: rules(
          { type: 'string', maxLength: 300 },
          "matches(url(self).getEscapedPath(), '^/(api/)?v[0-9]+/{0,1}$')",
        ),
        size: rules(
          { 'x-kubernetes-int-or-string': true, maxLength: 32 },
          "quantity(string(self)).isLessThan(quantity('16384'))",
        ),
      },
    }
    const kind = await defineKind(api, 'Counted', { type: 'object', properties: { spec } })
    const told = (content: object) => refusal(kind.create('x', { spec: content }))
    expect(await told({ path: 'a.B' })).toContain('failed rule')
    expect(await told({ size: '16Ki' })).toContain('failed rule')
    expect(await told({ path: 'a.b', url: 'https://example.com/v1', size: 1024 })).toBe('accepted')
  })

  test('whose text is split without a bound may cost too much', async () => {
    const path: JSONSchemaProps = {
      type: 'string',
      maxLength: 1023,
      'x-kubernetes-validations': [{ rule: "self.split('.', -1).all(part, part.matches('^[a-z0-9]{0,62}$'))" }],
    }
    const unbounded = refusal(defineKind(api, 'Unbounded', { type: 'object', properties: { path } }, { wait: false }))
    expect(await unbounded).toContain('exceeds budget by factor of more than 100x')
  })

  test('may split a bounded text and look at its parts, and read a property by a name that is a keyword', async () => {
    const target: JSONSchemaProps = {
      type: 'string',
      maxLength: 21,
      'x-kubernetes-validations': [
        { rule: "self.split(':').size() != 2 || self.split(':')[1].matches('[0-9]+')" },
        { rule: "self.split(':').all(part, part.matches('^[a-z0-9]*$'))" },
      ],
    }
    const spec: JSONSchemaProps = {
      type: 'object',
      properties: { target, namespace: { type: 'string', maxLength: 63 } },
      'x-kubernetes-validations': [
        { rule: "!has(self.namespace) || self.namespace != 'a'", message: 'not in a' },
        { rule: '!has(self.target) || type(self.target) == string' },
        { rule: "!has(self.__namespace__) || self.__namespace__ != 'b'", message: 'not in b' },
      ],
    }
    const kind = await defineKind(api, 'Splitter', { type: 'object', properties: { spec } })
    const told = (content: object) => refusal(kind.create('x', { spec: content }))
    expect(await told({ target: 'web:http' })).toContain('failed rule')
    expect(await told({ target: 'web:80!' })).toContain('failed rule')
    expect(await told({ namespace: 'a' })).toContain('not in a')
    expect(await told({ namespace: 'b' })).toContain('not in b')
    expect(await told({ target: 'web:80', namespace: 'c' })).toBe('accepted')
  })

  test('whose bounds keep the cost down is accepted', async () => {
    const names: JSONSchemaProps = { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 10 } }
    const spec: JSONSchemaProps = {
      type: 'object',
      properties: { names },
      'x-kubernetes-validations': [{ rule: 'self.names.all(x, self.names.exists_one(y, x == y))' }],
    }
    expect(await refusal(defineKind(api, 'Bounded', { type: 'object', properties: { spec } }))).toBe('accepted')
  })
})

describe('an object', () => {
  let kind: Kind
  beforeAll(async () => {
    kind = await defineKind(api, 'Ruled', {
      type: 'object',
      'x-kubernetes-validations': [{ rule: "self.metadata.name != 'forbidden'", message: 'that name is taken' }],
      properties: {
        spec: {
          type: 'object',
          'x-kubernetes-validations': [
            {
              rule: 'self.min <= self.max',
              messageExpression: '"min %d is above max %d".format([self.min, self.max])',
              fieldPath: '.min',
              reason: 'FieldValueForbidden',
            },
            { rule: '!has(oldSelf.fixed) || has(self.fixed)', message: 'fixed stays' },
          ],
          properties: {
            min: { type: 'integer', default: 0 },
            max: { type: 'integer', default: 10 },
            fixed: {
              type: 'string',
              'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }],
            },
            once: {
              type: 'string',
              'x-kubernetes-validations': [
                { rule: 'oldSelf.hasValue() || self == "new"', optionalOldSelf: true, message: 'must start as new' },
              ],
            },
            ports: {
              type: 'array',
              maxItems: 5,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              items: {
                type: 'object',
                required: ['name'],
                properties: { name: { type: 'string' }, port: { type: 'integer' } },
                'x-kubernetes-validations': [{ rule: 'self.port >= oldSelf.port', message: 'ports only grow' }],
              },
            },
            limits: {
              type: 'object',
              maxProperties: 5,
              additionalProperties: {
                type: 'string',
                maxLength: 20,
                'x-kubernetes-validations': [{ rule: 'isQuantity(self)', message: 'must be a quantity' }],
              },
            },
            any: { 'x-kubernetes-int-or-string': true },
            words: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    })
  })
  const make = (name: string, spec: object) => kind.create(name, { spec })
  const change = (name: string, spec: object) => kind.patch(name, { spec })

  test('that keeps the rules is stored', async () => {
    const { spec } = (await make('good', { min: 1, limits: { cpu: '100m' } })) as AnyObject & { spec: object }
    expect(spec).toEqual({ min: 1, max: 10, limits: { cpu: '100m' } })
  })
  test('that breaks one is refused with its message, path and reason', async () => {
    expect(await refusal(make('bad', { min: 11 }))).toBe(
      'Ruled.rules.example.com "bad" is invalid: spec.min: Forbidden: min 11 is above max 10',
    )
    expect(await refusal(make('bad', { limits: { cpu: 'lots' } }))).toContain(
      'spec.limits[cpu]: Invalid value: "lots": must be a quantity',
    )
    expect(await refusal(make('forbidden', {}))).toContain('<nil>: Invalid value: that name is taken')
  })
  test('is compared with what it was by transition rules', async () => {
    await make('moving', { fixed: 'a', ports: [{ name: 'web', port: 80 }] })
    expect(await refusal(change('moving', { fixed: 'b' }))).toContain('spec.fixed: Invalid value: "b": is immutable')
    expect(await refusal(change('moving', { fixed: null }))).toContain('spec: Invalid value: fixed stays')
    expect(
      await refusal(
        change('moving', {
          ports: [
            { name: 'new', port: 1 },
            { name: 'web', port: 79 },
          ],
        }),
      ),
    ).toContain('spec.ports[1]: Invalid value: ports only grow')
    expect(
      await refusal(
        change('moving', {
          ports: [
            { name: 'new', port: 1 },
            { name: 'web', port: 81 },
          ],
        }),
      ),
    ).toBe('accepted')
  })
  test('is seen by rules with an optional old value when it is made, too', async () => {
    expect(await refusal(make('optional', { once: 'old' }))).toContain('must start as new')
    await make('optional', { once: 'new' })
    expect(await refusal(change('optional', { once: 'old' }))).toBe('accepted')
  })
  test('of the wrong shape is not asked by the rules', async () => {
    const text = await refusal(make('shape', { min: 'x', max: -1 }))
    expect(text).toContain('some validation rules were not checked because the object was invalid')
    expect(text).not.toContain('above max')
  })
})

test('what was stored before a rule came is only warned of while it is not touched', async () => {
  const schema = (rules: boolean): JSONSchemaProps => ({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          name: {
            type: 'string',
            ...(rules ? { maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self.startsWith("x")' }] } : {}),
          },
          other: { type: 'integer' },
        },
      },
    },
  })
  const kind = await defineKind(api, 'Ratchet', schema(false))
  await kind.create('old', { spec: { name: 'abcdef' } })
  await api
    .clientAs()
    .patch(
      CustomResourceDefinition,
      { name: 'ratchets.rules.example.com' },
      [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema(true) }],
      { type: 'json' },
    )
  await kind.refused('new', { spec: { name: 'abcdef' } })
  expect(await refusal(kind.patch('old', { spec: { other: 1 } }))).toBe('accepted')
  expect(await refusal(kind.patch('old', { spec: { name: 'abc' } }))).toContain('failed rule: self.startsWith("x")')
})

test('rules that run too long are stopped, and others are served meanwhile', async () => {
  const pairs = { rule: 'self.all(x, self.all(y, x + y >= 0))' }
  const list: JSONSchemaProps = {
    type: 'array',
    maxItems: 500,
    items: { type: 'integer' },
    'x-kubernetes-validations': Array.from({ length: 20 }, () => pairs),
  }
  const spec: JSONSchemaProps = { type: 'object', properties: { list } }
  const kind = await defineKind(api, 'Expensive', { type: 'object', properties: { spec } })
  const numbers = (count: number) => ({ spec: { list: Array.from({ length: count }, (_, i) => i) } })
  let done = false
  const text = refusal(kind.create('slow', numbers(310))).finally(() => {
    done = true
  })
  await kind.create('fast', { spec: {} })
  expect(done).toBe(false)
  expect(await text).toContain(
    'validation failed due to running out of cost budget, no further validation rules will be run',
  )
  expect(await refusal(kind.create('slower', numbers(500)))).toContain(
    "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(x, self.all(y, x + y >= 0))",
  )
})
