// The hash that tells the ReplicaSets (and pods) of different templates apart.
import type { PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'

export const POD_TEMPLATE_HASH = 'pod-template-hash'

/** No vowels and no 0, 1, 3: a hash never spells a word. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/** @returns FNV-1a (32 bits) of the template and the collision count, spelled with safe letters. */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  const text = canonicalJson(template) + (collisionCount === undefined ? '' : `#${collisionCount}`)
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return [...String(hash >>> 0)].map(digit => SAFE[digit.charCodeAt(0) % SAFE.length]).join('')
}

/** JSON with sorted keys, as Go writes maps: what is equal is written alike. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
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
