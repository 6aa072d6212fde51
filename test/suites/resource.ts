// One suite over every registered resource: what the generic verbs rely on, whatever the kind.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { apiVersionOf } from '../../src/shared/machinery/resource-type.ts'
import { type ResourceDescriptor, rulesOf } from '../../src/main/apiserver/registry/resource.ts'
import { atOnce } from '../../src/main/pieces/pacer.ts'
import { decodeObject, requiredErrors } from '../../src/main/apiserver/schema/decode.ts'
import { typeFact } from '../../src/main/apiserver/schema/table.ts'
import type { FieldFact } from '../../src/main/apiserver/schema/facts.ts'

const NOW = Date.parse('2026-01-02T03:04:05Z')

const text = fc.oneof(
  fc.constantFrom('', 'a', 'web', 'Always', 'TCP', 'None', '10.0.0.1', '25%', 'x/y', '..', '__proto__', 'cpu', '-1'),
  fc.string({ maxLength: 12 }),
)
const quantity = fc.constantFrom('0', '1', '100m', '1Gi', '-1', '0.5', '1e3')

/** JSON that has the shape of a type, with the wildest values that the shape allows. */
function shaped(fact: FieldFact, depth: number): fc.Arbitrary<unknown> {
  switch (fact.t) {
    case 'ref':
      return struct(fact.r ?? '', depth)
    case 'array':
      return fc.array(shaped(fact.i ?? { t: 'string' }, depth - 1), { maxLength: 2 })
    case 'map':
      return fc.dictionary(text, shaped(fact.i ?? { t: 'string' }, depth - 1), { maxKeys: 2 })
    case 'integer':
      return fc.integer({ min: -2, max: 70_000 })
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'quantity':
      return quantity
    case 'intOrString':
      return fc.oneof(fc.integer({ min: -2, max: 70_000 }), text)
    case 'time':
    case 'microTime':
      return fc.constant('2026-01-01T00:00:00Z')
    case 'bytes':
      return fc.constantFrom('', 'eA==', 'e30=')
    case 'string':
      return text
    default:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

function struct(schemaId: string, depth: number): fc.Arbitrary<unknown> {
  if (depth <= 0) return fc.constant({})
  const fields = Object.entries(typeFact(schemaId).fields)
  return fc
    .subarray(fields, { maxLength: Math.min(8, fields.length) })
    .chain(chosen => fc.record(Object.fromEntries(chosen.map(([name, fact]) => [name, shaped(fact, depth - 1)]))))
}

/** What the create pipeline does to a decoded object. */
export function admitted(resource: ResourceDescriptor, value: unknown): AnyObject {
  const { object } = decodeObject(resource.schema, value)
  object.apiVersion = apiVersionOf(resource.type)
  object.kind = resource.type.kind
  object.metadata ??= {} as AnyObject['metadata']
  object.metadata.name ??= 'web'
  object.metadata.uid = 'f3c1c0de'
  object.metadata.creationTimestamp = '2026-01-01T00:00:00Z'
  if (resource.type.namespaced) object.metadata.namespace = 'default'
  resource.setDefaults?.(object)
  resource.prepareForCreate?.(object, () => undefined)
  return object
}

export const problems = (resource: ResourceDescriptor, value: unknown): string[] => {
  const object = admitted(resource, value)
  const errors = [...requiredErrors(resource.schema, object), ...atOnce(rulesOf(resource, object))]
  return [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
}

/** @param minimal the smallest valid object of the kind */
export function resourceSuite(resource: ResourceDescriptor, minimal: Record<string, unknown>): void {
  describe(`${resource.type.kind} (${resource.schema})`, () => {
    test('has a schema of its own group, version and kind', () => {
      expect(typeFact(resource.schema).gvk).toEqual([resource.type.group, resource.type.version, resource.type.kind])
    })

    test('accepts its smallest valid object', () => {
      expect(problems(resource, minimal)).toEqual([])
    })

    test('has columns for an object that says nothing, each with a name of its own', () => {
      const object = admitted(resource, {})
      const columns = resource.columns ?? []
      for (const column of columns) column.value(object, NOW)
      expect(new Set(columns.map(column => column.name)).size).toBe(columns.length)
    })

    test('prints no undefined or [object] cell for its smallest valid object', () => {
      const object = admitted(resource, minimal)
      const cells = (resource.columns ?? []).map(column => column.value(object, NOW))
      for (const cell of cells) expect(String(cell)).not.toMatch(/undefined|\[object|NaN/)
    })

    test('has defaults that change nothing the second time', () => {
      const object = admitted(resource, minimal)
      const before = structuredClone(object)
      resource.setDefaults?.(object)
      expect(object).toEqual(before)
    })

    test('survives storage: what was converted for it reads back the same', () => {
      if (!resource.toStorage || !resource.fromStorage) return
      const object = admitted(resource, minimal)
      expect(resource.fromStorage(structuredClone(resource.toStorage(structuredClone(object))))).toEqual(object)
    })

    test('finds nothing wrong with an update that changes nothing', () => {
      const object = admitted(resource, minimal)
      const next = structuredClone(object)
      resource.prepareForUpdate?.(next, object)
      expect(resource.validateUpdate?.(next, object) ?? []).toEqual([])
      expect(next.metadata.generation).toBe(object.metadata.generation)
    })

    test('answers every selectable field with a string', () => {
      const object = admitted(resource, minimal)
      for (const value of Object.values(resource.selectableFields ?? {})) expect(value(object)).toBeTypeOf('string')
    })

    test('never throws on what the decoder lets through', () => {
      fc.assert(
        fc.property(struct(resource.schema, 7), value => {
          const object = admitted(resource, value)
          const wrong = [...requiredErrors(resource.schema, object), ...atOnce(rulesOf(resource, object))]
          const next = structuredClone(object)
          resource.prepareForUpdate?.(next, object)
          resource.validateUpdate?.(next, object)
          resource.status?.prepareForUpdate?.(next, object)
          resource.status?.validateUpdate?.(next, object)
          // Only what is valid gets stored and printed.
          if (wrong.length === 0) for (const column of resource.columns ?? []) column.value(object, NOW)
        }),
        { numRuns: 60 },
      )
    })
  })
}
