// metav1.Time and MicroTime: RFC 3339 in, UTC with whole seconds or microseconds out.
import type { Decoder } from './decode-leaf.ts'

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(Z|[+-]\d{2}:\d{2})$/

function parse(value: string): { seconds: string; micros: string } | undefined {
  const match = RFC3339.exec(value)
  if (!match) return undefined
  const [, base = '', fraction = '', zone = ''] = match
  const ms = Date.parse(`${base}${zone}`)
  // Date accepts 31 February by rolling over; a value that does not survive the round trip is not a date.
  if (Number.isNaN(ms) || !new Date(Date.parse(`${base}Z`)).toISOString().startsWith(base)) return undefined
  return { seconds: new Date(ms).toISOString().slice(0, 19), micros: fraction.padEnd(6, '0').slice(0, 6) }
}

const decoder =
  (goType: string, layout: string, show: (time: { seconds: string; micros: string }) => string): Decoder =>
  (value, context) => {
    if (value === null) return null
    if (typeof value !== 'string') return context.wrongType(value, goType)
    const time = parse(value)
    if (time) return show(time)
    const first = layout.slice(0, 4)
    context.errors.push(
      `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "${first}"`,
    )
    return undefined
  }

export const decodeTime = decoder('string', '2006-01-02T15:04:05Z07:00', ({ seconds }) => `${seconds}Z`)

export const decodeMicroTime = decoder(
  'string',
  '2006-01-02T15:04:05.000000Z07:00',
  ({ seconds, micros }) => `${seconds}.${micros}Z`,
)
