// Patterns in matches of HTTPRoutes are for the whole text.
import { compilePattern, type Pattern } from '../pattern/pattern.ts'
import { PatternError } from '../pattern/syntax.ts'

/** @throws PatternError */
export const compileWhole = (pattern: string): Pattern => compilePattern(`^(?:${pattern})$`)

/** @returns why a pattern cannot be used */
export function patternProblem(pattern: string): string | undefined {
  try {
    compileWhole(pattern)
    return undefined
  } catch (error) {
    if (error instanceof PatternError) return error.message
    throw error
  }
}
