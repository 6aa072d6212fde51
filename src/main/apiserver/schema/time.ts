// metav1.Time and MicroTime: RFC 3339 in, UTC with whole seconds or microseconds out.
import type { Decoder } from './decode-context.ts'
import { MAX_OFFSET_HOURS, MAX_OFFSET_MINUTES, whyNoTime } from './time-errors.ts'

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/

const DAY = String.raw`\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)`
const SECOND = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d`
/** As this server prints times: what is written and sent back most. 29 February is for `parse` to judge. */
const PLAIN = new RegExp(`^${DAY}T${SECOND}Z$`)
const PLAIN_MICRO = new RegExp(`^${DAY}T${SECOND}\\.\\d{6}Z$`)

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
  (layout: string, show: (time: { seconds: string; micros: string }) => string): Decoder =>
  (value, context) => {
    if (value === null) return null
    if (typeof value !== 'string') return context.wrongTime(value)
    const time = parse(value)
    if (time) return show(time)
    context.errors.push(whyNoTime(value, layout))
    return undefined
  }

const decodeAnyTime = decoder(TIME_LAYOUT, ({ seconds }) => `${seconds}Z`)

export const decodeTime: Decoder = (value, context) =>
  typeof value === 'string' && PLAIN.test(value) ? value : decodeAnyTime(value, context)

const decodeAnyMicroTime = decoder('2006-01-02T15:04:05.000000Z07:00', ({ seconds, micros }) => `${seconds}.${micros}Z`)

export const decodeMicroTime: Decoder = (value, context) =>
  typeof value === 'string' && PLAIN_MICRO.test(value) ? value : decodeAnyMicroTime(value, context)
