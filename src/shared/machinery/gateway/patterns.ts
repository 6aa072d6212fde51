// Patterns in matches of HTTPRoutes are for the whole text.
import { type CompilePattern, PatternError } from '../pattern/linear-pattern.ts'

/** @throws PatternError */
export const compileWhole = (compile: CompilePattern, pattern: string): RegExp => compile(`^(?:${pattern})$`)

/** @returns why a pattern cannot be used */
export function patternProblem(compile: CompilePattern, pattern: string): string | undefined {
  try {
    compileWhole(compile, pattern)
    return undefined
  } catch (error) {
    if (error instanceof PatternError) return error.message
    throw error
  }
}
