// metav1.Time and MicroTime: RFC 3339 in, UTC with whole seconds or microseconds out.
import type { Decoder } from './decode-context.ts'
import { MAX_OFFSET_HOURS, MAX_OFFSET_MINUTES, whyNoTime } from './time-errors.ts'

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/

/** As this server prints times: what clients send back most. The last days of a month are for `parse` to judge. */
const PLAIN = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/

/** @returns the time, or undefined for what is none */
function parse(value: string): { seconds: string; micros: string } | undefined {
  const match = RFC3339.exec(value)
  if (!match) return undefined
  const [, base = '', fraction = '', sign = '+', hours = '00', minutes = '00'] = match
  const local = Date.parse(`${base}Z`)
  // Date accepts 31 February by rolling over, and 24:00; what does not survive the round trip is none.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(base)) return undefined
  if (Number(hours) > MAX_OFFSET_HOURS || Number(minutes) > MAX_OFFSET_MINUTES) return undefined
  const offsetMs = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000
  return { seconds: new Date(local - offsetMs).toISOString().slice(0, 19), micros: fraction.padEnd(6, '0').slice(0, 6) }
}

const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00'

/** @returns why a text is no time, in Go's words; undefined for one */
export function timeProblem(value: string): string | undefined {
  return parse(value) ? undefined : whyNoTime(value, TIME_LAYOUT)
}

const decoder =
  (goType: string, layout: string, show: (time: { seconds: string; micros: string }) => string): Decoder =>
  (value, context) => {
    if (value === null) return null
    if (typeof value !== 'string') return context.wrongType(value, goType)
    const time = parse(value)
    if (time) return show(time)
    context.errors.push(whyNoTime(value, layout))
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
