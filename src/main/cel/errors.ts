// What can go wrong: an expression that cannot be compiled, one that fails, one that costs too much.

/** One complaint about an expression. */
export interface Issue {
  /** Position in the text. */
  readonly offset: number
  readonly message: string
}

/** `ERROR: <input>:1:6: undefined field 'a'` with the line and a mark under the place. */
function showIssue({ offset, message }: Issue, text: string): string {
  const before = text.slice(0, offset).split('\n')
  const line = text.split('\n')[before.length - 1] ?? ''
  const column = [...(before.at(-1) ?? '')].length
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`
}

/** An expression that does not parse or does not fit its types. */
export class CompileError extends Error {
  override readonly name = 'CompileError'
  /** What failed, and why. */
  readonly told: string
  constructor(message: string, failed = 'compilation failed') {
    super(message)
    this.told = `${failed}: ${message}`
  }
  static at(text: string, issues: readonly Issue[]): CompileError {
    return new CompileError(issues.map(issue => showIssue(issue, text)).join('\n'))
  }
}

/** An expression that fails on a value; `||` and `&&` may not need the side that fails. */
export class CelError extends Error {
  override readonly name = 'CelError'
}

/** An expression was stopped because it costs too much; nothing inside it can catch that. */
export class CostError extends Error {
  override readonly name = 'CostError'
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}
