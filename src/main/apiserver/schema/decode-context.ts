// Where the decoder is, and what it has found wrong so far.
import { isLarge } from '../../pieces/large-json.ts'
import type { Pieces } from '../../pieces/pacer.ts'

export interface Decoder {
  /** @returns the decoded copy, or undefined after reporting what is wrong. */
  (value: unknown, context: DecodeContext): unknown
  /** The same for a very large value, with turns for others; values of types that have none are small. */
  readonly inPieces?: (value: unknown, context: DecodeContext) => Pieces<unknown>
}

/** Decodes a part as fits its size. */
export function* decodeInPieces(decode: Decoder, value: unknown, context: DecodeContext): Pieces<unknown> {
  if (!decode.inPieces || !isLarge(value)) return decode(value, context)
  yield
  return yield* decode.inPieces(value, context)
}

export const MAX_DEPTH = 64

type Step = string | number | readonly [key: string]

/**
 * Whose words a wrong type is told in: those of Go's decoder of JSON, or of the one that maps go through. What is applied
 * is owned, so it keeps what means nothing elsewhere, `null` as well, and how amounts are written. So does the metadata of
 * custom resources, but for `null`.
 */
export type Wording = 'json' | 'map' | 'apply' | 'metadata'

export class DecodeContext {
  /** Field names (strings), list positions (numbers) and map keys (one in a list) from the root to the value. */
  readonly path: Step[] = []
  /** Names of the structs around the value at hand, innermost last. */
  readonly structs: string[] = []
  readonly unknown: string[] = []
  readonly errors: string[] = []
  readonly #wording: Wording
  readonly #literals: ReadonlyMap<string, string> | undefined
  /** Whether something was kept as it was given that is stored otherwise. */
  keptGiven = false

  /** @param literals how numbers are written that are no integers to Go, by their paths */
  constructor(wording: Wording, literals?: ReadonlyMap<string, string>) {
    this.#wording = wording
    this.#literals = literals
  }

  /** Whether it was made as a map, which upstream reads in another way than JSON. */
  get isOfMap(): boolean {
    return this.#wording === 'map'
  }

  /** @returns how the number at hand is written, where that is not as its value is; of another number it was not */
  literal(value: number): string | undefined {
    const text = this.#literals?.get(this.fieldPath())
    return text !== undefined && Number(text) === value ? text : undefined
  }

  /** @returns whether a value that is stored otherwise, or not at all, stays in the result as it was given */
  keepsGiven(): boolean {
    if (this.#wording !== 'apply' && this.#wording !== 'metadata') return false
    this.keptGiven = true
    return true
  }

  /** @returns whether `null` stays in the result */
  keepsNull(): boolean {
    return this.#wording === 'apply' && this.keepsGiven()
  }

  /** `spec.containers[0].image` */
  fieldPath(extra?: string): string {
    let text = ''
    for (const step of extra === undefined ? this.path : [...this.path, extra]) {
      const name = typeof step === 'object' ? step[0] : step
      text += typeof name === 'number' ? `[${name}]` : text ? `.${name}` : name
    }
    return text
  }

  /** A wrong type, worded as Go does: innermost struct, path of field names only. */
  wrongType(got: unknown, wanted: string): undefined {
    const inMap = this.#wording === 'map' && inMapsWords(got, wanted)
    if (inMap) {
      this.errors.push(inMap)
      return undefined
    }
    return this.#wrongJson(got, wanted)
  }

  /** A wrong type of what decodes itself out of its own JSON, such as a time, wherever it stands. */
  wrongTime(got: unknown): undefined {
    if (this.#wording !== 'map') return this.#wrongJson(got, 'string')
    this.errors.push(`json: cannot unmarshal ${describe(got, got, 'string')} into Go value of type string`)
    return undefined
  }

  #wrongJson(got: unknown, wanted: string): undefined {
    const field = this.path.filter(step => typeof step === 'string').join('.')
    const where = field ? `Go struct field ${this.structs.at(-1) ?? ''}.${field}` : 'Go value'
    const given = typeof got === 'number' ? (this.literal(got) ?? got) : got
    this.errors.push(`json: cannot unmarshal ${describe(got, given, wanted)} into ${where} of type ${wanted}`)
    return undefined
  }

  fail(message: string): undefined {
    this.errors.push(message)
    return undefined
  }

  /** @returns whether the nesting is still acceptable. */
  enter(step: Step): boolean {
    this.path.push(step)
    if (this.path.length <= MAX_DEPTH) return true
    if (this.errors.length === 0) this.errors.push(`exceeded max depth of ${MAX_DEPTH}`)
    return false
  }
  leave(): void {
    this.path.pop()
  }
}

/** @param given as it is written */
function describe(value: unknown, given: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
    case 'bigint':
      return wanted.startsWith('int') ? `number ${String(given)}` : 'number'
    case 'string':
      return 'string'
    default:
      return 'object'
  }
}

/** What a value is in Go, once it is out of its JSON. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int64'
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64'
    case 'string':
      return 'string'
    default:
      return 'map'
  }
}

/** @returns nothing for types that decode themselves out of JSON: quantities, times, IntOrStrings */
function inMapsWords(got: unknown, wanted: string): string | undefined {
  const kind = goKind(got)
  if (wanted.startsWith('map[')) return `cannot restore map from ${kind}`
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`
  const number = /^(int|float)\d*$/.test(wanted)
  if ((number && kind === 'float64') || (wanted === 'string' && kind === 'int64'))
    return `cannot convert ${kind} to ${wanted}`
  if (number || wanted === 'string' || wanted === 'bool') return `unrecognized type: ${wanted}`
  return /^(resource|intstr)\.|\.(Time|MicroTime)$|^interface/.test(wanted)
    ? undefined
    : `cannot restore struct from: ${kind}`
}
