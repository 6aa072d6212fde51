// The rules for names, labels and keys, in upstream's words. Each rule returns messages; none means valid.

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const UNDERSCORE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const UNDERSCORE_SUBDOMAIN = `${UNDERSCORE_LABEL}(\\.${UNDERSCORE_LABEL})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const HEADER_NAME = '[-A-Za-z0-9]+'
const PERCENT = '[0-9]+%'
const WILDCARD = `\\*\\.${SUBDOMAIN}`

export const DNS_LABEL_MAX_BYTES = 63
export const DNS_SUBDOMAIN_MAX_BYTES = 253

/** @returns how many bytes the text takes in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      bytes += 1
      i += 1
    }
  }
  return bytes
}

/** Upstream counts bytes everywhere, and says so of labels alone. */
const maxLengthMessage = (max: number, unit: 'characters' | 'bytes' = 'characters'): string =>
  `must be no more than ${max} ${unit}`

/** Appends examples and the expression, as upstream's RegexError prints them. */
export function regexMessage(message: string, expression: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${expression}')`
  return `${message} (e.g. ${examples.map(e => `'${e}', `).join(' or ')}regex used for validation is '${expression}')`
}

// Bounding the length before matching keeps these expressions away from their quadratic cases.
const whole = (expression: string) => {
  const compiled = new RegExp(`^${expression}$`)
  return (text: string) => text.length <= 1024 && compiled.test(text)
}
const isLabel = whole(LABEL)
const isSubdomain = whole(SUBDOMAIN)
const isUnderscoreSubdomain = whole(UNDERSCORE_SUBDOMAIN)
const isLabel1035 = whole(LABEL_1035)
const isQualified = whole(QUALIFIED)
const isLabelValueText = whole(LABEL_VALUE)
const isConfigKey = whole(CONFIG_KEY)
const isHeaderName = whole(HEADER_NAME)
const isWildcard = whole(WILDCARD)

const tooLongFor = (text: string, max: number, unit?: 'bytes') =>
  text.length * 3 > max && byteLength(text) > max ? [maxLengthMessage(max, unit)] : []

/** RFC 1123 label: names of namespaces, pods' hostnames, container names. */
export function dns1123Label(text: string): string[] {
  const errors = tooLongFor(text, DNS_LABEL_MAX_BYTES)
  if (isLabel(text)) return errors
  if (isSubdomain(text)) return [...errors, 'must not contain dots']
  const message =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
  return [...errors, regexMessage(message, LABEL, 'my-name', '123-abc')]
}

/** As {@link dns1123Subdomain}, where its length is told in bytes. */
export const longName = (text: string): string[] => dns1123Subdomain(text, 'bytes')

/** RFC 1123 subdomain: names of most objects. */
export function dns1123Subdomain(text: string, unit?: 'bytes'): string[] {
  const errors = tooLongFor(text, DNS_SUBDOMAIN_MAX_BYTES, unit)
  if (isSubdomain(text)) return errors
  const message =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
  return [...errors, regexMessage(message, SUBDOMAIN, 'example.com')]
}

/** As {@link dns1123Subdomain}, with underscores: search paths of resolvers. */
export function dns1123SubdomainWithUnderscore(text: string): string[] {
  const errors = tooLongFor(text, DNS_SUBDOMAIN_MAX_BYTES)
  if (isUnderscoreSubdomain(text)) return errors
  const message =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character"
  return [...errors, regexMessage(message, UNDERSCORE_SUBDOMAIN, 'example.com')]
}

/** RFC 1035 label: names of Services. */
export function dns1035Label(text: string): string[] {
  const errors = tooLongFor(text, DNS_LABEL_MAX_BYTES)
  if (isLabel1035(text)) return errors
  const message =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
  return [...errors, regexMessage(message, LABEL_1035, 'my-name', 'abc-123')]
}

/** `*.example.com`, as in Ingress hosts. */
export function wildcardDns1123Subdomain(text: string): string[] {
  const errors = tooLongFor(text, DNS_SUBDOMAIN_MAX_BYTES)
  if (isWildcard(text)) return errors
  const message =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
  return [...errors, regexMessage(message, WILDCARD, '*.example.com')]
}

const QUALIFIED_RULE = regexMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  QUALIFIED,
  'MyName',
  'my.name',
  '123-abc',
)

/** `name` or `prefix/name`: label keys, finalizers, taints, resource names. */
export function qualifiedName(text: string): string[] {
  const slash = text.indexOf('/')
  if (slash !== text.lastIndexOf('/')) {
    return [
      `a valid label key ${QUALIFIED_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const errors: string[] = []
  const name = text.slice(slash + 1)
  if (slash === 0) errors.push('prefix part must be non-empty')
  else if (slash > 0) errors.push(...longName(text.slice(0, slash)).map(m => `prefix part ${m}`))
  if (name === '') errors.push('name part must be non-empty')
  else for (const message of tooLongFor(name, DNS_LABEL_MAX_BYTES, 'bytes')) errors.push(`name part ${message}`)
  if (!isQualified(name)) errors.push(`name part ${QUALIFIED_RULE}`)
  return errors
}

export function labelValue(text: string): string[] {
  const errors = tooLongFor(text, DNS_LABEL_MAX_BYTES, 'bytes')
  if (isLabelValueText(text)) return errors
  const message =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
  return [...errors, regexMessage(message, LABEL_VALUE, 'MyValue', 'my_value', '12345')]
}

/** Names that only appear in a URL path, such as RBAC roles. */
export function pathSegmentName(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return ['/', '%'].filter(c => text.includes(c)).map(c => `may not contain '${c}'`)
}

/** Whether `configMapKey` has nothing to say: asked of a hundred thousand keys. */
export const isConfigMapKey = (text: string): boolean =>
  text.length <= DNS_SUBDOMAIN_MAX_BYTES && isConfigKey(text) && text !== '.' && !text.startsWith('..')

export function configMapKey(text: string): string[] {
  const errors = tooLongFor(text, DNS_SUBDOMAIN_MAX_BYTES)
  if (!isConfigKey(text)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    errors.push(regexMessage(message, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'))
  }
  return [...errors, ...dotted(text)]
}

/** The relaxed rule that is in force since 1.32: printable ASCII other than `=`. */
export function envVarName(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty']
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

function dotted(text: string): string[] {
  if (text === '.') return ["must not be '.'"]
  if (text === '..') return ["must not be '..'"]
  return text.startsWith('..') ? ["must not start with '..'"] : []
}

export function httpHeaderName(text: string): string[] {
  return isHeaderName(text)
    ? []
    : [regexMessage("a valid HTTP header must consist of alphanumeric characters or '-'", HEADER_NAME, 'X-Header-Name')]
}

export function percentText(text: string): string[] {
  return /^[0-9]+%$/.test(text)
    ? []
    : [regexMessage("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, '1%', '93%')]
}

export const portNumber = (port: number): string[] =>
  Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive']

/** IANA service name: `http`, `dns-tcp`. */
export function portName(text: string): string[] {
  const errors: string[] = []
  if (text.length > 15) errors.push(maxLengthMessage(15))
  if (!/^[-a-z0-9]+$/.test(text)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(text)) errors.push('must contain at least one letter (a-z)')
  if (text.includes('--')) errors.push('must not contain consecutive hyphens')
  if (text.startsWith('-') || text.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}
