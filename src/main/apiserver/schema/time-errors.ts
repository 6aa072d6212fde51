// Why a text is no time, in Go's words: the first element of the layout that it does not fit, or a number out of range.

/** Go reads these as zones still. */
export const MAX_OFFSET_HOURS = 24
export const MAX_OFFSET_MINUTES = 60

/** An element of RFC 3339 as Go's layouts write it, and the numbers that it may be. */
interface Element {
  readonly layout: string
  readonly pattern: RegExp
  readonly named?: string
  readonly from?: number
  readonly to?: number
}

const literal = (layout: string): Element => ({ layout, pattern: new RegExp(`^${layout}`) })
const number = (layout: string, named?: string, from = 0, to = 0): Element => ({
  ...{ layout, pattern: /^\d\d/, from, to },
  ...(named === undefined ? {} : { named }),
})

const ELEMENTS: readonly Element[] = [
  { layout: '2006', pattern: /^\d{4}/ },
  literal('-'),
  number('01', 'month', 1, 12),
  literal('-'),
  // Which days a month has is looked at last.
  number('02'),
  literal('T'),
  number('15', 'hour', 0, 23),
  literal(':'),
  number('04', 'minute', 0, 59),
  literal(':'),
  { layout: '05', pattern: /^\d\d(?:[.,]\d+)?/, named: 'second', from: 0, to: 59 },
  { layout: 'Z07:00', pattern: /^(?:Z|[+-]\d\d:\d\d)/ },
]
const ZONE = /^[+-](\d\d):(\d\d)/

/** As Go's package time quotes: bytes that are not printed are escaped one by one. */
const quote = (text: string): string =>
  `"${text.replace(/["\\]|[^ -\x7f]/gu, char =>
    char === '"' || char === '\\' ? `\\${char}` : [...Buffer.from(char)].map(escaped).join(''),
  )}"`
const escaped = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`

export function whyNoTime(value: string, layout: string): string {
  const outOfRange = (what: string) => `parsing time ${quote(value)}: ${what} out of range`
  let rest = value
  for (const element of ELEMENTS) {
    const found = element.pattern.exec(rest)?.[0]
    if (found === undefined)
      return `parsing time ${quote(value)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(element.layout)}`
    const is = Number.parseInt(found, 10)
    if (element.named !== undefined && (is < (element.from ?? 0) || is > (element.to ?? 0)))
      return outOfRange(element.named)
    const [, hours, minutes] = ZONE.exec(found) ?? []
    if (Number(hours) > MAX_OFFSET_HOURS) return outOfRange('time zone offset hour')
    if (Number(minutes) > MAX_OFFSET_MINUTES) return outOfRange('time zone offset minute')
    rest = rest.slice(found.length)
  }
  return rest === '' ? outOfRange('day') : `parsing time ${quote(value)}: extra text: ${quote(rest)}`
}
