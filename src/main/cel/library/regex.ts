// Regular expressions, on the linear-time engine only: what a user writes must not be able to hang the server.
import { compilePattern, type Pattern } from '../../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../shared/machinery/pattern/syntax.ts'
import { CelError } from '../errors.ts'
import { List } from '../values.ts'
import type { Pieces } from '../../pieces/pacer.ts'
import { inPieces, type Library, method } from './declare.ts'

function* search<T>(pattern: string, by: (compiled: Pattern) => Pieces<T>): Pieces<T> {
  try {
    return yield* by(compilePattern(pattern))
  } catch (error) {
    if (error instanceof PatternError) throw new CelError(error.message)
    throw error
  }
}

export const matchesPattern = (text: string, pattern: string): Pieces<boolean> =>
  search(pattern, compiled => compiled.testInTurns(text))

const findSome = (text: string, pattern: string, limit: number): Pieces<string[]> =>
  search(pattern, compiled => compiled.findAllInTurns(text, limit))

function* findAll(text: string, pattern: string, limit = -1n): Pieces<List> {
  return new List(yield* findSome(text, pattern, limit < 0n ? Infinity : Number(limit)))
}

function* find(text: string, pattern: string): Pieces<string> {
  return (yield* findSome(text, pattern, 1))[0] ?? ''
}

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-regex-library */
export const regexLibrary: Library = [
  inPieces(method, 'find', 'string_find_string', 'string; string -> string', find),
  inPieces(method, 'findAll', 'string_find_all_string', 'string; string -> list(string)', findAll),
  inPieces(method, 'findAll', 'string_find_all_string_int', 'string; string; int -> list(string)', findAll),
]
