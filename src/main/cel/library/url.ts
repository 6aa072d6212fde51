// URLs, read as Go's net/url reads a request's: absolute, or a path that starts with a slash.
import { CelError } from '../errors.ts'
import { List, LiteralMap, Opaque, type Value } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

interface Parts {
  readonly scheme: string
  /** With the port. */
  readonly host: string
  readonly path: string
  readonly query: string
}

class Url extends Opaque {
  readonly type = 'kubernetes.URL'
  readonly text: string
  readonly parts: Parts
  constructor(text: string, parts: Parts) {
    super()
    this.text = text
    this.parts = parts
  }
  equals(other: Opaque): boolean {
    return other instanceof Url && other.text === this.text
  }
}

const SHAPE = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?$/
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/
const CONTROL = /[\x00-\x1f\x7f]/
/** What stands in a path as it is, or is escaped already. */
const PLAIN = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu

const escaped = (path: string) =>
  path.replace(PLAIN, sign =>
    [...Buffer.from(sign)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )

function parseUrl(text: string): Url | undefined {
  const match = CONTROL.test(text) ? null : SHAPE.exec(text)
  if (!match) return undefined
  const [, scheme = '', authority, path = '', query = ''] = match
  if (scheme === '' && !path.startsWith('/')) return undefined
  if (scheme === '' && authority !== undefined) return undefined
  if (BAD_ESCAPE.test(path)) return undefined
  const host = (authority ?? '').replace(/^.*@/, '')
  if (host.includes(' ')) return undefined
  const port = /:([^:\]]*)$/.exec(host.startsWith('[') ? host.slice(host.indexOf(']')) : host)?.[1]
  if (port !== undefined && !/^\d*$/.test(port)) return undefined
  if (host.startsWith('[') && !host.includes(']')) return undefined
  return new Url(text, { scheme: scheme.toLowerCase(), host, path, query })
}

function url(text: string): Url {
  const parsed = parseUrl(text)
  if (!parsed)
    throw new CelError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    )
  return parsed
}

const hostname = ({ parts: { host } }: Url) =>
  host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '')
const port = ({ parts: { host } }: Url) =>
  /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.indexOf(']')) : host)?.[1] ?? ''

function query({ parts }: Url): Value {
  const all = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(parts.query)) all.set(key, [...(all.get(key) ?? []), value])
  return new LiteralMap([...all].map(([key, values]) => [key, new List(values)] as const))
}

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-url-library */
export const urls: Library = [
  fn('url', 'string_to_url', 'string -> kubernetes.URL', url),
  fn('isURL', 'is_url_string', 'string -> bool', (text: string) => parseUrl(text) !== undefined),
  method('getScheme', 'url_get_scheme', 'kubernetes.URL -> string', (a: Url) => a.parts.scheme),
  method('getHost', 'url_get_host', 'kubernetes.URL -> string', (a: Url) => a.parts.host),
  method('getHostname', 'url_get_hostname', 'kubernetes.URL -> string', hostname),
  method('getPort', 'url_get_port', 'kubernetes.URL -> string', port),
  method('getEscapedPath', 'url_get_escaped_path', 'kubernetes.URL -> string', (a: Url) => escaped(a.parts.path)),
  method('getQuery', 'url_get_query', 'kubernetes.URL -> map(string, list(string))', query),
]
