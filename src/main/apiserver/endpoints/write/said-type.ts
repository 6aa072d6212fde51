// What a body says that it is, as upstream's library reads it, and its words for what cannot be.
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { schemaIdOf } from '../../schema/table.ts'

export interface SaidVersion {
  readonly group: string
  readonly version: string
}

/** @returns undefined for what is no version of anything */
export function readVersion(text: string): SaidVersion | undefined {
  const parts = text === '/' ? [''] : text.split('/')
  if (parts.length > 2) return undefined
  return { group: parts.length === 2 ? (parts[0] ?? '') : '', version: parts.at(-1) ?? '' }
}

export const showVersion = ({ group, version }: SaidVersion): string => (group ? `${group}/${version}` : version)

export const malformedVersion = (text: string): string => `unexpected GroupVersion string: ${text}`

export const versionMissing = (body: string): string => `Object 'apiVersion' is missing in '${body}'`

const OLDER = /^v\d+(alpha|beta)\d+$/

/** Upstream knows more old versions than are served here. */
export const isOlder = ({ version }: SaidVersion): boolean => OLDER.test(version)

/** Whether there is such a built-in kind. */
export const isRegistered = (said: SaidVersion, kind: string): boolean =>
  schemaIdOf(showVersion(said), kind) !== undefined

export const notRegistered = (said: SaidVersion, kind: string): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(showVersion(said))} in scheme "pkg/runtime/scheme.go:111"`

export const noConversion = (from: SaidVersion, given: string, to: SaidVersion & { readonly kind: string }): string =>
  `converting (${from.version}.${given}) to (${to.group.split('.')[0] || 'core'}.${to.kind}): unknown conversion`

/** What an apiVersion is that is no text. */
export const noText = (value: unknown): string =>
  `.apiVersion accessor error: ${inGoWords(value)} is of the type ${goType(value)}, expected string`

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isObject(value)) return 'map[string]interface {}'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return value === null ? '<nil>' : 'bool'
}

/** A value as Go prints it with `%+v`. */
export function inGoWords(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inGoWords).join(' ')}]`
  if (!isObject(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.keys(value).sort().map(key => `${key}:${inGoWords(value[key])}`) // prettier-ignore
  return `map[${entries.join(' ')}]`
}
