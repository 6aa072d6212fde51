// What history is about: what somebody wanted, not what was observed. A change of status, of field ownership or of a
// heartbeat alone is no new revision.
import { crc32 } from 'node:zlib'
import { sameJson } from '../../../shared/machinery/deep-equal.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import type { JsonObject } from '../../../shared/machinery/json-object.ts'
import { WITHOUT_HISTORY } from '../../../shared/machinery/kept-history.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { encodeJsonInPieces, isLargeBeside, mayBeLarge } from '../../pieces/large-json.ts'
import type { Pieces } from '../../pieces/pacer.ts'

const LEFT_OUT = WITHOUT_HISTORY.map(({ group, plural }) => `/registry/${group || 'core'}/${plural}/`)

export const hasHistory = (key: string): boolean =>
  key.startsWith('/registry/') && !LEFT_OUT.some(prefix => key.startsWith(prefix))

const OBSERVED: ReadonlySet<string> = new Set(['status', 'metadata'])
const KEPT_FOR_OTHERS: ReadonlySet<string> = new Set(['resourceVersion', 'managedFields', 'generation'])

function sameBut(one: object, other: object, except: ReadonlySet<string>): boolean {
  const [a, b] = [one as JsonObject, other as JsonObject]
  let more = 0
  for (const key of Object.keys(b)) if (!except.has(key)) more++
  for (const key of Object.keys(a)) {
    if (except.has(key)) continue
    if (!Object.hasOwn(b, key) || !sameJson(a[key], b[key])) return false
    more--
  }
  return more === 0
}

/**
 * Costs less than two hashes: most writes are of states and heartbeats.
 * @returns false for objects too large to be compared in one go: their hashes tell
 */
export const meansTheSame = (a: AnyObject, b: AnyObject): boolean =>
  !isLargeBeside(b, { ...a, metadata: b.metadata, status: b['status'] }) &&
  sameBut(a.metadata, b.metadata, KEPT_FOR_OTHERS) &&
  sameBut(a, b, OBSERVED)

/** @param text what it is stored as, where that is at hand */
export function* meaningHash(object: AnyObject, text?: string): Pieces<string> {
  const { status: _status, metadata, ...rest } = object
  const { resourceVersion: _version, managedFields: _fields, generation: _generation, ...kept } = metadata
  const meaning = [rest, kept]
  const isSmall = text !== undefined && !mayBeLarge(text)
  return crc32(isSmall ? encodeJson(meaning) : yield* encodeJsonInPieces(meaning))
    .toString(16)
    .padStart(8, '0')
}
