// How a library declares its functions: one line an overload, with the types as CEL writes them.
import { type CelType, typeFrom } from '../types.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'
import type { Value } from '../values.ts'

export interface Overload {
  readonly fn: string
  /** As cel-go calls it; costs are told by it. */
  readonly id: string
  /** Called as `args[0].fn(…)`. */
  readonly member: boolean
  readonly args: readonly CelType[]
  readonly result: CelType
  /** @throws CelError */
  readonly call: (args: readonly Value[]) => Value
  /** The same of what may take long, piece by piece; none of a call that does not. */
  readonly inPieces?: (args: readonly Value[]) => Pieces<Value>
}

export type Library = readonly Overload[]

// The checker and the dispatcher see to it that a function gets what its signature says.
type Call = (...args: never[]) => Value
type LongCall = (...args: never[]) => Pieces<Value>

function declare(fn: string, id: string, member: boolean, signature: string, call: Call): Overload {
  const arrow = signature.indexOf('->')
  const given = signature.slice(0, arrow).trim()
  const args = given === '' ? [] : given.split(';').map(text => typeFrom(text.trim()))
  const run = call as (...args: readonly Value[]) => Value
  return { fn, id, member, args, result: typeFrom(signature.slice(arrow + 2).trim()), call: values => run(...values) }
}

/** @param signature `string; int -> list(string)` */
export const fn = (name: string, id: string, signature: string, call: Call): Overload =>
  declare(name, id, false, signature, call)

/** @param signature the receiver first */
export const method = (name: string, id: string, signature: string, call: Call): Overload =>
  declare(name, id, true, signature, call)

/** @param call stops between pieces of a millisecond or two, and not at all where that is all */
export function inPieces(
  how: (name: string, id: string, signature: string, call: Call) => Overload,
  ...[name, id, signature, call]: [name: string, id: string, signature: string, call: LongCall]
): Overload {
  const pieces = call as (...args: readonly Value[]) => Pieces<Value>
  const whole = how(name, id, signature, ((...args: readonly Value[]) => atOnce(pieces(...args))) as Call)
  return { ...whole, inPieces: args => pieces(...args) }
}
