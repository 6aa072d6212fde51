// Where the decoder is, and what it has found wrong so far.

export const MAX_DEPTH = 64

type Step = string | number | readonly [key: string]

export class DecodeContext {
  /** Field names (strings), list positions (numbers) and map keys (one in a list) from the root to the value. */
  readonly path: Step[] = []
  /** Names of the structs around the value at hand, innermost last. */
  readonly structs: string[] = []
  readonly unknown: string[] = []
  readonly errors: string[] = []

  /** `spec.containers[0].image` */
  fieldPath(extra?: string): string {
    let text = ''
    for (const step of extra === undefined ? this.path : [...this.path, extra]) {
      const name = typeof step === 'object' ? step[0] : step
      text += typeof name === 'number' ? `[${name}]` : text ? `.${name}` : name
    }
    return text
  }

  /** A wrong type, worded as Go's decoder does: innermost struct, path of field names only. */
  wrongType(got: unknown, wanted: string): undefined {
    const field = this.path.filter(step => typeof step === 'string').join('.')
    const where = field ? `Go struct field ${this.structs.at(-1) ?? ''}.${field}` : 'Go value'
    this.errors.push(`json: cannot unmarshal ${describe(got, wanted)} into ${where} of type ${wanted}`)
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

function describe(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return wanted.startsWith('int') ? `number ${value}` : 'number'
    case 'string':
      return 'string'
    default:
      return 'object'
  }
}
