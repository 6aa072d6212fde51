// Regular expressions, on the linear-time engine only: what a user writes must not be able to hang the server.
import { PatternError } from '../../../shared/machinery/pattern/linear-pattern.ts'
import { compilePattern } from '../../linear-pattern.ts'
import { CelError } from '../errors.ts'
import { List } from '../values.ts'
import { type Library, method } from './declare.ts'

const MAX_SEARCH_MS = 100

function compiled(pattern: string): RegExp {
  try {
    return compilePattern(pattern)
  } catch (error) {
    if (error instanceof PatternError) throw new CelError(`Illegal regex: ${error.message}`)
    throw error
  }
}

export const matchesPattern = (text: string, pattern: string): boolean => compiled(pattern).test(text)

function findAll(text: string, pattern: string, limit = -1n): List {
  const regex = new RegExp(compiled(pattern), 'lg')
  const found: string[] = []
  // Each match is found in linear time, but there may be as many as letters.
  const until = performance.now() + MAX_SEARCH_MS
  for (const [match] of text.matchAll(regex)) {
    if (limit >= 0n && BigInt(found.length) >= limit) break
    if (performance.now() > until) throw new CelError('findAll took too long')
    found.push(match)
  }
  return new List(found)
}

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-regex-library */
export const regexLibrary: Library = [
  method('find', 'string_find_string', 'string; string -> string', (text: string, pattern: string) => {
    return compiled(pattern).exec(text)?.[0] ?? ''
  }),
  method('findAll', 'string_find_all_string', 'string; string -> list(string)', (text: string, pattern: string) =>
    findAll(text, pattern),
  ),
  method('findAll', 'string_find_all_string_int', 'string; string; int -> list(string)', findAll),
]
