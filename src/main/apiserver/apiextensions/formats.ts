// The formats of strings that schemas may ask for; unknown ones say nothing. Every expression here is linear.
import { isIP, isIPv4, isIPv6 } from 'node:net'

type Check = (text: string) => boolean

const fits =
  (pattern: RegExp): Check =>
  text =>
    pattern.test(text)

const isDate: Check = text => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

const isDateTime: Check = text =>
  /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.test(text) &&
  !Number.isNaN(Date.parse(text))

const isRange: Check = text => {
  const [address = '', bits = '', ...rest] = text.split('/')
  const version = isIP(address)
  return rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+"
const ADDRESS = new RegExp(`^(?:${ATOM}(?:\\.${ATOM})*|"[^"\\\\]+")@(?:${ATOM}(?:\\.${ATOM})*|\\[[^\\]]+\\])$`)

/** An address, or one in angle brackets behind a name. */
const isEmail: Check = text => {
  const open = text.endsWith('>') ? text.lastIndexOf('<') : -1
  return ADDRESS.test(open < 0 ? text.trim() : text.slice(open + 1, -1))
}

const LABEL = /^[\p{L}\p{S}\d](?:[\p{L}\p{S}\d-]*[\p{L}\p{S}\d])?$/u
const MAX_LABEL = 63
const MAX_HOST = 255
const isHostname: Check = text => {
  if (text.length > MAX_HOST) return false
  const labels = text.split('.')
  if (!labels.every(label => label.length <= MAX_LABEL && LABEL.test(label))) return false
  return labels.length === 1 || /^\p{L}{2,63}$/u.test(labels.at(-1) ?? '')
}

const HEX_PAIRS = new Set([6, 8, 20])
const isMac: Check = text => {
  if (text.includes('.'))
    return /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) && HEX_PAIRS.has(text.split('.').length * 2)
  return (
    /^(?:[0-9a-f]{2}(?::[0-9a-f]{2})+|[0-9a-f]{2}(?:-[0-9a-f]{2})+)$/i.test(text) &&
    HEX_PAIRS.has((text.length + 1) / 3)
  )
}

const UNIT = /^(?:ns|nano|us|µs|micro|ms|milli|s$|sec|m$|min|h$|hr$|hour|d$|day|w$|wk$|week)/i

/** As Go writes them, or with the units of other languages: `2 weeks`. */
const isDuration: Check = text =>
  text === '0' ||
  /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text) ||
  [...text.matchAll(/(?<!\d)\d+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => UNIT.test(unit))

const digitsOf = (text: string) => [...text].map(Number)

const isIsbn10: Check = text => {
  const bare = text.replaceAll(/[\s-]/g, '')
  if (!/^\d{9}[\dX]$/.test(bare)) return false
  const sum = [...bare].reduce((all, sign, i) => all + (i + 1) * (sign === 'X' ? 10 : Number(sign)), 0)
  return sum % 11 === 0
}
const isIsbn13: Check = text => {
  const bare = text.replaceAll(/[\s-]/g, '')
  return /^\d{13}$/.test(bare) && digitsOf(bare).reduce((all, digit, i) => all + digit * (i % 2 ? 3 : 1), 0) % 10 === 0
}

const CARD =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/
/** By its digits alone, of which every second one counts twice. */
const isCreditCard: Check = text => {
  const bare = text.replaceAll(/\D/g, '')
  if (!CARD.test(bare)) return false
  const sum = digitsOf(bare)
    .reverse()
    .reduce((all, digit, i) => all + (i % 2 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit), 0)
  return sum % 10 === 0
}

const uuid = (version: string): Check => fits(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[0-9a-f]{12}$`, 'i'))
const isColorPart = '(?:\\d{1,2}|1\\d\\d|2[0-4]\\d|25[0-5])'

const CHECKS: Readonly<Record<string, Check>> = {
  bsonobjectid: fits(/^[0-9a-f]{24}$/i),
  uri: text => text.startsWith('/') || URL.canParse(text),
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isRange,
  mac: isMac,
  uuid: uuid('[0-9a-f]{4}-?[0-9a-f]{4}'),
  uuid3: uuid('3[0-9a-f]{3}-?[0-9a-f]{4}'),
  uuid4: uuid('4[0-9a-f]{3}-?[89ab][0-9a-f]{3}'),
  uuid5: uuid('5[0-9a-f]{3}-?[89ab][0-9a-f]{3}'),
  isbn: text => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: fits(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: fits(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: fits(new RegExp(`^rgb\\(\\s*${isColorPart}\\s*,\\s*${isColorPart}\\s*,\\s*${isColorPart}\\s*\\)$`)),
  byte: text => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: fits(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
  k8slongname: text =>
    text.length <= 253 && text.split('.').every(part => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(part)),
}

/** Names may have hyphens anywhere. */
const checkOf = (format: string): Check | undefined => {
  const name = format.replaceAll('-', '')
  return Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined
}

const OF_NUMBERS: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
}

/** @param type of the schema that asks for it @returns whether it is one that means something there */
export const isKnownFormat = (format: string, type = 'string'): boolean =>
  type === 'string' ? checkOf(format) !== undefined : (OF_NUMBERS[type]?.includes(format) ?? false)

export const formatFits = (format: string, text: string): boolean => checkOf(format)?.(text) ?? true
