// `fieldsV1` as objects carry it, one tree for all that own the same fields: objects made from one template differ in
// their values, not in their fields. Trees are never changed in place.
import type { JsonObject } from '../../../../shared/machinery/json-object.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { encodeFields, type FieldSet, MEMBER } from './field-set.ts'
import { decodeInPieces, encodeInPieces } from './in-pieces.ts'

interface SharedTree {
  readonly tree: JsonObject
  readonly set: FieldSet
}

/** Longer ones are rarely alike. */
const MOST_KEY_LENGTH = 8 * 1024
/** Of the keys of one generation. */
const GENERATION_LENGTH = 512 * 1024

/** What is asked for moves to the young generation; when that is full, the old one goes. */
class Generation {
  readonly byKey = new Map<string, SharedTree>()
  readonly byTree = new Map<unknown, SharedTree>()
  readonly bySet = new Map<FieldSet, SharedTree>()
  length = 0
}

let young = new Generation()
let old = new Generation()

function keep(key: string, shared: SharedTree): SharedTree {
  if (young.length + key.length > GENERATION_LENGTH) {
    old = young
    young = new Generation()
  }
  young.byKey.set(key, shared)
  young.byTree.set(shared.tree, shared)
  young.bySet.set(shared.set, shared)
  young.length += key.length
  return shared
}

/**
 * The same for two sets only when they have the same members. Steps hold any text, so their lengths tell where they end.
 * One that gets longer than `most` is not told to its end.
 */
function keyOf({ member, children }: FieldSet, most: number): string {
  let key = member ? '.' : ''
  for (const [step, child] of children) {
    key += `${step.length}:${step}`
    if (key.length > most) break
    if (child !== MEMBER) key += `{${keyOf(child, most - key.length)}}`
  }
  return key
}

/** @returns the set as `fieldsV1` */
export function* treeOf(set: FieldSet): Pieces<JsonObject> {
  const known = young.bySet.get(set) ?? old.bySet.get(set)
  if (known) return known.tree
  const key = keyOf(set, MOST_KEY_LENGTH)
  if (key.length > MOST_KEY_LENGTH) return yield* encodeInPieces(set)
  const shared = young.byKey.get(key) ?? keep(key, old.byKey.get(key) ?? { tree: encodeFields(set), set })
  return shared.tree
}

/** @returns the set that `fieldsV1` holds, or undefined when it holds none */
export function* setIn(tree: unknown): Pieces<FieldSet | undefined> {
  return (young.byTree.get(tree) ?? old.byTree.get(tree))?.set ?? (yield* decodeInPieces(tree))
}
