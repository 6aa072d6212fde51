// The hash that tells the ReplicaSets (and pods) of different templates apart.
import type { PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { FEW_ENTRIES, isLarge } from '../../pieces/large-json.ts'
import { inTurns, type Pieces } from '../../pieces/pacer.ts'

export const POD_TEMPLATE_HASH = 'pod-template-hash'

/** No vowels and no 0, 1, 3: a hash never spells a word. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/** Of a text, that is gone through in one go. */
const PIECE_BYTES = 64 * 1024

/** @returns FNV-1a (32 bits) of the template and the collision count, spelled with safe letters. */
export const templateHash = (template: unknown, collisionCount: number | undefined): string | Promise<string> =>
  inTurns(hashInPieces(template, collisionCount))

/** As templateHash(). */
export function* hashInPieces(template: unknown, collisionCount: number | undefined): Pieces<string> {
  const text = (yield* canonicalInPieces(template)) + (collisionCount === undefined ? '' : `#${collisionCount}`)
  const bytes = new TextEncoder().encode(text)
  let hash = 0x811c9dc5
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (at > 0) yield
    for (const byte of bytes.subarray(at, at + PIECE_BYTES)) hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return [...String(hash >>> 0)].map(digit => SAFE[digit.charCodeAt(0) % SAFE.length]).join('')
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1)

/** JSON with sorted keys, as Go writes maps: what is equal is written alike. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(byName)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

function* canonicalInPieces(value: unknown): Pieces<string> {
  if (!isLarge(value)) return canonicalJson(value)
  yield
  const texts: string[] = []
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      texts.push(yield* canonicalInPieces(item))
      if (texts.length % FEW_ENTRIES === 0) yield
    }
    return `[${texts.join(',')}]`
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(byName)
  for (const [key, item] of entries) {
    texts.push(`${JSON.stringify(key)}:${yield* canonicalInPieces(item)}`)
    if (texts.length % FEW_ENTRIES === 0) yield
  }
  return `{${texts.join(',')}}`
}

export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec): boolean {
  return a !== undefined && deepEqual(withoutHash(a), withoutHash(b), { emptyIsAbsent: true })
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const labels = template.metadata?.labels
  if (!labels || !Object.hasOwn(labels, POD_TEMPLATE_HASH)) return template
  const { [POD_TEMPLATE_HASH]: _hash, ...others } = labels
  return { ...template, metadata: { ...template.metadata, labels: others } }
}
