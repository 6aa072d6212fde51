// A JSON patch in words, for one line of a history. Pure.

import { encodeJson } from '../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { t } from '../i18n/i18n.ts'

/** @see RFC 6902 */
export interface Operation {
  readonly op: string
  readonly path: string
  readonly value?: unknown
}

const MAX_VALUE = 48

/** `/spec/template/spec/containers/0/image` → `spec.template.spec.containers[0].image`. */
function pathText(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((text, part) => {
      // Behind the last one of a list.
      if (part === '-') return text
      if (/^\d+$/.test(part)) return `${text}[${part}]`
      if (/[./]/.test(part)) return `${text}["${part}"]`
      return text ? `${text}.${part}` : part
    }, '')
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : encodeJson(value)
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}

/** What tools write down for themselves says nothing to people. */
const NOISE =
  /^\/metadata\/annotations\/(kubectl\.kubernetes\.io~1last-applied-configuration|deployment\.kubernetes\.io~1revision)$/

const WORDS: Readonly<Record<string, (path: string, value: unknown) => string>> = {
  add: (path, value) => t('{path} set to {value}', { path, value: valueText(value) }),
  append: (path, value) => t('{value} added to {path}', { path, value: valueText(value) }),
  replace: (path, value) => `${path} → ${valueText(value)}`,
  remove: path => t('{path} removed', { path }),
}

const NOISY_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
])

/** An object as two moments of it are compared: what was wanted, without what the server tells or tools note. */
export function comparable({ status: _status, metadata, ...rest }: AnyObject): AnyObject {
  const {
    resourceVersion: _version,
    generation: _generation,
    uid: _uid,
    creationTimestamp: _created,
    annotations = {},
    ...meta
  } = metadata
  const kept = Object.entries(annotations).filter(([name]) => !NOISY_ANNOTATIONS.has(name))
  return {
    ...rest,
    metadata: { ...meta, ...(kept.length ? { annotations: Object.fromEntries(kept) } : {}) },
  } as unknown as AnyObject
}

/** The changes, at most `limit` of them, and how many more there are. */
export function summarize(changes: readonly Operation[], limit = 3): string[] {
  const told = changes
    .filter(({ op, path }) => op in WORDS && !NOISE.test(path))
    .map(({ op, path, value }) => WORDS[path.endsWith('/-') ? 'append' : op]?.(pathText(path), value) ?? '')
  if (changes.length > 0 && told.length === 0) return [t('only what tools note down')]
  return told.length > limit ? [...told.slice(0, limit), t('and {n} more', { n: told.length - limit })] : told
}
