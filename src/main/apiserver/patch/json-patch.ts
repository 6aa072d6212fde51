// JSON Patch (RFC 6902).
import { isObject, setField } from '../../../shared/machinery/json-object.ts'
import { parsePointer } from '../../../shared/machinery/json-pointer.ts'
import { ApiError, badRequest } from '../../../shared/machinery/status.ts'
import { cannotUnmarshal, jsonType } from '../codec/go-json.ts'
import { MAX_BODY_BYTES } from '../http/read-body.ts'
import { leastTextLength } from '../../../shared/machinery/json-text.ts'
import { cloneInPieces, equalInPieces } from '../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'

export const MAX_OPERATIONS = 10_000
/** Of what a patch copies, in characters of its text: as in upstream, as much as a body may have. */
const MOST_COPIED = MAX_BODY_BYTES

interface Operation {
  readonly op: string
  readonly path: string | undefined
  readonly from: string | undefined
  readonly value?: unknown
}

class OperationError extends Error {}
class TestError extends OperationError {}

/** The document is not what the patch was made for. */
export class FailedTest extends ApiError {}

const OPERATION = 'handlers.jsonPatchOp'

function parseOperations(patch: unknown): Operation[] {
  if (patch === null) return []
  if (!Array.isArray(patch)) throw badRequest(`error decoding patch: ${cannotUnmarshal(patch, `[]${OPERATION}`)}`)
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`
    throw new ApiError(413, 'RequestEntityTooLarge', `Request entity is too large: ${message}`)
  }
  return patch.map((operation: unknown) => {
    if (operation !== null && !isObject(operation))
      throw badRequest(`error decoding patch: ${cannotUnmarshal(operation, OPERATION)}`)
    const text = (field: string): string | undefined => {
      const given = operation?.[field] ?? undefined
      if (given === undefined || typeof given === 'string') return given
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${jsonType(given)} into Go struct field jsonPatchOp.${field} of type string`,
      )
    }
    return { op: text('op') ?? '', path: text('path'), from: text('from'), value: operation?.['value'] }
  })
}

function tokensOf(pointer: string | undefined, op: string): string[] {
  const tokens = pointer === undefined ? undefined : parsePointer(pointer)
  if (!tokens)
    throw new OperationError(`${op} operation does not apply: invalid path ${JSON.stringify(pointer ?? null)}`)
  return tokens
}

/** @returns the position, as Go reads numbers, or undefined when the token names no element; negative ones count from the end */
function position(token: string, length: number): number | undefined {
  if (!/^[+-]?\d{1,9}$/.test(token)) return undefined
  const number = Number(token)
  const index = number < 0 ? number + length : number
  return index >= 0 && index < length ? index : undefined
}

/** Holds the document, so that an operation can replace even its root. */
class Document {
  root: unknown
  #left = MOST_COPIED
  constructor(root: unknown) {
    this.root = root
  }
  *copy(value: unknown): Pieces<unknown> {
    this.#left -= leastTextLength(value, this.#left)
    if (this.#left < 0) throw new OperationError('copy operations make the object too large')
    return yield* cloneInPieces(value)
  }
  /** @returns the value, and whether there is one. */
  find(tokens: readonly string[]): { found: boolean; value: unknown } {
    let value = this.root
    for (const token of tokens) {
      if (Array.isArray(value)) {
        const index = position(token, value.length)
        if (index === undefined) return { found: false, value: undefined }
        value = value[index]
      } else if (isObject(value) && Object.hasOwn(value, token)) value = value[token]
      else return { found: false, value: undefined }
    }
    return { found: true, value }
  }
  get(tokens: readonly string[], op: string): unknown {
    const { found, value } = this.find(tokens)
    if (!found)
      throw new OperationError(
        `${op} operation does not apply: doc is missing path: /${tokens.join('/')}: missing value`,
      )
    return value
  }
  /** @returns null for a field that an object has not, as the library that upstream uses has it */
  valueAt(tokens: readonly string[], op: string): unknown {
    if (tokens.length === 0) throw new OperationError(`${op} operation does not apply to the whole document`)
    const { found, value } = this.find(tokens)
    if (found) return value
    return isObject(this.get(tokens.slice(0, -1), op)) ? null : this.get(tokens, op)
  }
  place(list: readonly unknown[], token: string, op: string): number {
    const index = position(token, list.length)
    if (index === undefined) throw new OperationError(`${op} operation does not apply: invalid array index ${token}`)
    return index
  }
  add(tokens: readonly string[], value: unknown): void {
    const last = tokens.at(-1)
    if (last === undefined) throw new OperationError('add operation does not apply to the whole document')
    const parent = this.get(tokens.slice(0, -1), 'add')
    if (Array.isArray(parent)) {
      const index = last === '-' ? parent.length : position(last, parent.length + 1)
      if (index === undefined) throw new OperationError(`add operation does not apply: invalid array index ${last}`)
      parent.splice(index, 0, value)
    } else if (isObject(parent)) setField(parent, last, value)
    else throw new OperationError(`add operation does not apply: /${tokens.join('/')} is not in a container`)
  }
  remove(tokens: readonly string[]): void {
    const last = tokens.at(-1)
    if (last === undefined) throw new OperationError('remove operation does not apply to the whole document')
    this.get(tokens, 'remove')
    const parent = this.get(tokens.slice(0, -1), 'remove')
    if (Array.isArray(parent)) parent.splice(this.place(parent, last, 'remove'), 1)
    else if (isObject(parent)) delete parent[last]
  }
  replace(tokens: readonly string[], value: unknown): void {
    const last = tokens.at(-1)
    if (last === undefined) {
      this.root = value
      return
    }
    const parent = this.get(tokens.slice(0, -1), 'replace')
    if (Array.isArray(parent)) parent[this.place(parent, last, 'replace')] = value
    // The library that upstream uses replaces fields that are not there as well, and users count on it.
    else if (isObject(parent)) setField(parent, last, value)
    else throw new OperationError(`replace operation does not apply: /${tokens.join('/')} is not in a container`)
  }
}

function* apply(document: Document, { op, path, from, value }: Operation): Pieces<void> {
  const tokens = tokensOf(path, op)
  switch (op) {
    case 'add':
      return document.add(tokens, yield* cloneInPieces(value))
    case 'remove':
      return document.remove(tokens)
    case 'replace':
      return document.replace(tokens, yield* cloneInPieces(value))
    case 'test': {
      // A missing field equals null, as in the library that upstream uses; numbers equal by their value (RFC 6902, 4.6).
      const is = tokens.length === 0 ? document.root : document.valueAt(tokens, op)
      if (yield* equalInPieces(is, value, { numbersByValue: true })) return
      throw new TestError(`testing value ${path} failed: test failed`)
    }
    case 'copy':
      return document.add(tokens, yield* document.copy(document.valueAt(tokensOf(from, op), op)))
    case 'move': {
      const source = tokensOf(from, op)
      if (tokens.length > source.length && source.every((token, i) => tokens[i] === token)) {
        throw new OperationError('move operation does not apply: a value cannot be moved into itself')
      }
      const moved = document.get(source, op)
      document.remove(source)
      return document.add(tokens, moved)
    }
    default:
      throw new OperationError(`Unexpected kind: ${op}`)
  }
}

/**
 * @param current is not changed
 * @throws ApiError 400 for a patch that is none, 413 for too many operations, 422 for one that does not apply: a
 *   FailedTest where it says itself that it must not
 */
export const applyJsonPatch = (current: unknown, patch: unknown): unknown => atOnce(jsonPatchInPieces(current, patch))

/** As applyJsonPatch(). */
export function* jsonPatchInPieces(current: unknown, patch: unknown): Pieces<unknown> {
  const operations = parseOperations(patch)
  const document = new Document(yield* cloneInPieces(current))
  try {
    for (const operation of operations) {
      yield* apply(document, operation)
      // Even one may move all items of the longest list.
      yield
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    const message = 'the server rejected our request due to an error in our request'
    const Failure = error instanceof TestError ? FailedTest : ApiError
    throw new Failure(422, 'Invalid', message, {})
  }
  return document.root
}
