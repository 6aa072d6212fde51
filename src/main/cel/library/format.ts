// Named formats: `!format.dns1123Label().validate(self.name).hasValue()`.
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  qualifiedName,
} from '../../../shared/machinery/names.ts'
import { List, NONE, Opaque, Optional } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

type Check = (text: string) => readonly string[]

class Format extends Opaque {
  readonly type = 'kubernetes.NamedFormat'
  readonly formatName: string
  readonly check: Check
  /** The size of the longest of upstream's expressions, by which costs are counted. */
  readonly regexSize: number
  constructor(formatName: string, check: Check, regexSize: number) {
    super()
    this.formatName = formatName
    this.check = check
    this.regexSize = regexSize
  }
  equals(other: Opaque): boolean {
    return other instanceof Format && other.formatName === this.formatName
  }
}

/** A name that a suffix will be added to may end in a dash. */
const asPrefix =
  (check: Check): Check =>
  text =>
    check(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text)

const when =
  (holds: (text: string) => boolean, message: string): Check =>
  text =>
    holds(text) ? [] : [message]

const isUri = (text: string) => text.startsWith('/') || URL.canParse(text)
const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
const isDateTime = (text: string) =>
  /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.test(text) &&
  !Number.isNaN(Date.parse(text.toUpperCase()))

const FORMATS = new Map(
  (
    [
      ['dns1123Label', dns1123Label, 30],
      ['dns1123Subdomain', dns1123Subdomain, 60],
      ['dns1035Label', dns1035Label, 30],
      ['qualifiedName', qualifiedName, 60],
      ['dns1123LabelPrefix', asPrefix(dns1123Label), 30],
      ['dns1123SubdomainPrefix', asPrefix(dns1123Subdomain), 60],
      ['dns1035LabelPrefix', asPrefix(dns1035Label), 30],
      ['labelValue', labelValue, 40],
      ['uri', (text: string) => (isUri(text) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]), 1000],
      [
        'uuid',
        when(
          text => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
          'does not match the UUID format',
        ),
        71,
      ],
      ['byte', when(text => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), 'invalid base64'), 66],
      ['date', when(isDate, 'invalid date'), 100],
      ['datetime', when(isDateTime, 'invalid datetime'), 100],
    ] as const
  ).map(([name, check, size]) => [name as string, new Format(name, check, size)]),
)

function validate({ check }: Format, text: string): Optional {
  const messages = check(text)
  return messages.length === 0 ? NONE : new Optional(new List(messages))
}

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-format-library */
export const formats: Library = [
  method('validate', 'format-validate', 'kubernetes.NamedFormat; string -> optional_type(list(string))', validate),
  fn('format.named', 'format-named', 'string -> optional_type(kubernetes.NamedFormat)', (name: string) => {
    const found = FORMATS.get(name)
    return found ? new Optional(found) : NONE
  }),
  ...[...FORMATS].map(([name, format]) =>
    fn(`format.${name}`, `format.${name}`, ' -> kubernetes.NamedFormat', () => format),
  ),
]
