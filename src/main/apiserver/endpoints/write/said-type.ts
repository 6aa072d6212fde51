// What a body says that it is, as upstream's library reads it, and its words for what cannot be.
import { quote } from '../../../../shared/machinery/go-quote.ts'
import { jsonType } from '../../codec/go-json.ts'
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

/** Upstream knows more old versions of its groups than are served here. */
export const isOlder = ({ group, version }: SaidVersion): boolean =>
  OLDER.test(version) && (!group.includes('.') || group.endsWith('.k8s.io'))

/** Whether there is such a built-in kind. */
export const isRegistered = (said: SaidVersion, kind: string): boolean =>
  schemaIdOf(showVersion(said), kind) !== undefined

export const notRegistered = (said: SaidVersion, kind: string): string =>
  `no kind ${quote(kind)} is registered for version ${quote(showVersion(said))} in scheme "pkg/runtime/scheme.go:111"`

export const noConversion = (from: SaidVersion, given: string, to: SaidVersion & { readonly kind: string }): string =>
  `converting (${from.version}.${given}) to (${to.group.split('.')[0] || 'core'}.${to.kind}): unknown conversion`

/** Of an apiVersion that says null. */
export const NULL_VERSION = '.apiVersion accessor error: <nil> is of the type <nil>, expected string'

/** @returns what is wrong with a kind or an apiVersion that is neither a text nor null, of several the first */
export function unreadableType(value: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, said] of Object.entries(value)) {
    if ((field !== 'apiVersion' && field !== 'kind') || said === null || said === undefined) continue
    if (typeof said === 'string') continue
    return `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonType(said)} into Go struct field .${field} of type string`
  }
  return undefined
}

/** A value as Go prints it with `%+v`. */
export function inGoWords(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inGoWords).join(' ')}]`
  if (!isObject(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.keys(value).sort().map(key => `${key}:${inGoWords(value[key])}`) // prettier-ignore
  return `map[${entries.join(' ')}]`
}
