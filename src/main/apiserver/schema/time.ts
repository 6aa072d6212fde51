// metav1.Time and MicroTime: RFC 3339 in, UTC with whole seconds or microseconds out.
import type { Decoder } from './decode-context.ts'

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(Z|[+-]\d{2}:\d{2})$/

/** As this server prints times: what clients send back most. The last days of a month are for `parse` to judge. */
const PLAIN = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/

/** @returns the time, or why the text is none: the part that does not fit the layout, or a part out of range. */
function parse(value: string): { seconds: string; micros: string } | 'shape' | 'month' | 'day' | 'time' {
  const match = RFC3339.exec(value)
  if (!match) return 'shape'
  const [, base = '', fraction = '', zone = ''] = match
  const month = Number(base.slice(5, 7))
  if (month < 1 || month > 12) return 'month'
  const ms = Date.parse(`${base}${zone}`)
  const local = Date.parse(`${base}Z`)
  // Date accepts 31 February by rolling over; a date that does not survive the round trip is none.
  if (!Number.isNaN(local) && !new Date(local).toISOString().startsWith(base.slice(0, 10))) return 'day'
  if (Number.isNaN(ms) || Number.isNaN(local)) return Number.isNaN(Date.parse(base.slice(0, 10))) ? 'day' : 'time'
  return { seconds: new Date(ms).toISOString().slice(0, 19), micros: fraction.padEnd(6, '0').slice(0, 6) }
}

function whyNot(value: string, problem: 'shape' | 'month' | 'day' | 'time', layout: string): string {
  const shown = JSON.stringify(value)
  return problem === 'shape'
    ? `parsing time ${shown} as "${layout}": cannot parse ${shown} as "2006"`
    : `parsing time ${shown}: ${problem} out of range`
}

const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00'

/** @returns why a text is no time, in Go's words; undefined for one */
export function timeProblem(value: string): string | undefined {
  const time = parse(value)
  return typeof time === 'object' ? undefined : whyNot(value, time, TIME_LAYOUT)
}

const decoder =
  (goType: string, layout: string, show: (time: { seconds: string; micros: string }) => string): Decoder =>
  (value, context) => {
    if (value === null) return null
    if (typeof value !== 'string') return context.wrongType(value, goType)
    const time = parse(value)
    if (typeof time === 'object') return show(time)
    context.errors.push(whyNot(value, time, layout))
    return undefined
  }

const decodeAnyTime = decoder('string', TIME_LAYOUT, ({ seconds }) => `${seconds}Z`)

export const decodeTime: Decoder = (value, context) =>
  typeof value === 'string' && PLAIN.test(value) ? value : decodeAnyTime(value, context)

export const decodeMicroTime = decoder(
  'string',
  '2006-01-02T15:04:05.000000Z07:00',
  ({ seconds, micros }) => `${seconds}.${micros}Z`,
)
