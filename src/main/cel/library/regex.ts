// Regular expressions, on the linear-time engine only: what a user writes must not be able to hang the server.
import { compilePattern, type Pattern } from '../../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../shared/machinery/pattern/syntax.ts'
import { CelError } from '../errors.ts'
import { List } from '../values.ts'
import { type Library, method } from './declare.ts'

function search<T>(pattern: string, by: (compiled: Pattern) => T): T {
  try {
    return by(compilePattern(pattern))
  } catch (error) {
    if (error instanceof PatternError) throw new CelError(error.message)
    throw error
  }
}

export const matchesPattern = (text: string, pattern: string): boolean =>
  search(pattern, compiled => compiled.test(text))

const findAll = (text: string, pattern: string, limit = -1n): List =>
  new List(search(pattern, compiled => compiled.findAll(text, limit < 0n ? Infinity : Number(limit))))

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-regex-library */
export const regexLibrary: Library = [
  method('find', 'string_find_string', 'string; string -> string', (text: string, pattern: string) => {
    return search(pattern, compiled => compiled.find(text) ?? '')
  }),
  method('findAll', 'string_find_all_string', 'string; string -> list(string)', (text: string, pattern: string) =>
    findAll(text, pattern),
  ),
  method('findAll', 'string_find_all_string_int', 'string; string; int -> list(string)', findAll),
]
