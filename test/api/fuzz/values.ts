// Objects of a kind as its OpenAPI schema describes them, right in most places and wrong in some.
import type { Random } from './random.ts'

export interface Schema {
  readonly $ref?: string
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly type?: string
  readonly format?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
}

export type Schemas = Readonly<Record<string, Schema>>

const MAX_DEPTH = 7
const TEXTS = ['', 'a', 'web', 'A_b', 'x'.repeat(300), '../..', '%2f', '__proto__', 'constructor', '\u0000', '💥', '\u2028', '10Gi', '-1', '1e400', '100m', '50%', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456Z', '10.0.0.1', 'fe80::1', '10.0.0.0/8', 'a.example.com/b', 'https://example.com/x', 'Always', 'TCP', 'v1', '(((a+)+)+)$', 'self.x > 1', '$(A)', '{"a":1}', 'MQ=='] // prettier-ignore
const NUMBERS = [0, 1, -1, 2, 80, 65536, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e308, 0.5]
const KEYS = ['a', 'app', 'example.com/a', '__proto__', 'constructor', 'toString', '', 'x'.repeat(70), 'a b', '.', 'data.txt', 'cpu', 'memory'] // prettier-ignore

const nested = (depth: number): unknown => (depth === 0 ? 'deep' : { a: nested(depth - 1) })
/** What stands where something else belongs. */
export const junk = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => random.pick(NUMBERS),
    () => random.pick(TEXTS),
    () => true,
    () => [],
    () => [[[]], null],
    () => ({}),
    () => nested(random.pick([3, 70])),
    () => ({ $patch: random.pick(['replace', 'delete', 'merge', 'odd']) }),
    () => Array.from({ length: 300 }, (_, i) => i),
  ])()

export class Values {
  readonly #schemas: Schemas
  readonly #random: Random

  constructor(schemas: Schemas, random: Random) {
    this.#schemas = schemas
    this.#random = random
  }

  #resolve(schema: Schema): Schema {
    if (schema.$ref) return this.#resolve(this.#schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})
    const [first] = schema.allOf ?? []
    if (first) return this.#resolve(first)
    return schema.oneOf?.length ? this.#resolve(this.#random.pick(schema.oneOf)) : schema
  }

  /** @param optional how likely a field that may be missing is there */
  of(schema: Schema, optional: number, depth = 0): unknown {
    const random = this.#random
    if (random.chance(0.01)) return junk(random)
    const { type, format, items, properties, additionalProperties, required = [], enum: listed } = this.#resolve(schema)
    if (listed?.length) return random.pick(listed)
    switch (type) {
      case 'string':
        return format === 'date-time' && random.chance(0.8) ? '2026-01-01T00:00:00Z' : random.pick(TEXTS)
      case 'integer':
      case 'number':
        return random.pick(NUMBERS)
      case 'boolean':
        return random.chance(0.5)
      case 'array':
        return Array.from({ length: depth > MAX_DEPTH ? 0 : random.below(3) }, () =>
          this.of(items ?? {}, optional, depth + 1),
        )
      case 'object': {
        const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>
        for (const [name, inner] of Object.entries(properties ?? {})) {
          const wanted = required.includes(name) ? 0.98 : depth > MAX_DEPTH ? 0 : optional
          if (random.chance(wanted)) result[name] = this.of(inner, optional / 1.3, depth + 1)
        }
        if (typeof additionalProperties === 'object')
          for (let i = random.below(3); i > 0; i--)
            result[random.pick(KEYS)] = this.of(additionalProperties, optional, depth + 1)
        if (random.chance(0.02)) result[random.pick(KEYS)] = junk(random)
        return result
      }
      default:
        return random.chance(0.5) ? {} : junk(random)
    }
  }

  /** A valid object with some parts replaced, added or taken away. */
  mutated(object: Readonly<Record<string, unknown>>, schema: Schema): Record<string, unknown> {
    const random = this.#random
    const copy = structuredClone(object) as Record<string, unknown>
    for (let i = random.below(4); i > 0; i--) this.#change(copy, schema)
    return copy
  }

  #change(at: Record<string, unknown>, schema: Schema): void {
    const random = this.#random
    const { properties = {} } = this.#resolve(schema)
    const names = Object.keys(properties)
    const inside = Object.keys(at).filter(name => typeof at[name] === 'object' && at[name] !== null)
    if (inside.length > 0 && random.chance(0.7)) {
      const name = random.pick(inside)
      const inner = at[name] as Record<string, unknown> | unknown[]
      const innerSchema = this.#resolve(properties[name] ?? {})
      if (!Array.isArray(inner)) return this.#change(inner, innerSchema)
      const item = random.pick(inner)
      if (typeof item === 'object' && item !== null && !Array.isArray(item))
        return this.#change(item as Record<string, unknown>, innerSchema.items ?? {})
    }
    const name = names.length > 0 ? random.pick(names) : random.pick(KEYS)
    if (random.chance(0.15)) delete at[name]
    else at[name] = random.chance(0.1) ? junk(random) : this.of(properties[name] ?? {}, 0.4)
  }
}
