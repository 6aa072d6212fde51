// Optional values: what may or may not be there.
import { CelError } from '../errors.ts'
import { sizeOf } from '../compare.ts'
import { isMap, List, NONE, Optional, Uint, type Value } from '../values.ts'
import { fn, type Library, method } from './declare.ts'
import { Duration, Timestamp } from '../time.ts'

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true
  if (typeof value !== 'object') return false
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration || value instanceof Timestamp) return value.nanos === 0n
  if (value instanceof List || value instanceof Uint8Array || isMap(value)) return sizeOf(value) === 0
  return value instanceof Optional && value.value === undefined
}

function valueOf(optional: Optional): Value {
  if (optional.value === undefined) throw new CelError('optional.none() dereference')
  return optional.value
}

/** @see https://pkg.go.dev/github.com/google/cel-go/cel#OptionalTypes */
export const optionals: Library = [
  fn('optional.of', 'optional_of', 'A -> optional_type(A)', (value: Value) => new Optional(value)),
  fn('optional.ofNonZeroValue', 'optional_ofNonZeroValue', 'A -> optional_type(A)', (value: Value) =>
    isZero(value) ? NONE : new Optional(value),
  ),
  fn('optional.none', 'optional_none', ' -> optional_type(A)', () => NONE),
  method('hasValue', 'optional_hasValue', 'optional_type(A) -> bool', (a: Optional) => a.value !== undefined),
  method('value', 'optional_value', 'optional_type(A) -> A', valueOf),
  method(
    'or',
    'optional_or_optional',
    'optional_type(A); optional_type(A) -> optional_type(A)',
    (a: Optional, b: Optional) => (a.value === undefined ? b : a),
  ),
  method('orValue', 'optional_orValue_value', 'optional_type(A); A -> A', (a: Optional, b: Value) => a.value ?? b),
]
