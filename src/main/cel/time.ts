// Texts of timestamps (RFC 3339) and durations (Go's), to the nanosecond.
import { CelError } from './errors.ts'

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}
export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}
const RFC3339 = /^(\d{4}-\d{2}-\d{2})(?:[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2}))?$/
const UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
export const SECOND = 1_000_000_000n
const MAX = 2n ** 63n - 1n

/** The first moment of the year 1, and the last of 9999. */
const [FIRST, LAST] = [-62_135_596_800n * SECOND, 253_402_300_800n * SECOND - 1n]

/** @throws CelError for a moment in none of the years that can be written */
export function timestampAt(nanos: bigint): Timestamp {
  if (nanos < FIRST || nanos > LAST) throw new CelError('timestamp overflow')
  return new Timestamp(nanos)
}

/** @throws CelError */
export function timestampFrom(text: string): Timestamp {
  const match = RFC3339.exec(text)
  const [, date = '', time = '00:00:00', fraction = '', zone = 'Z'] = match ?? []
  const ms = match ? Date.parse(`${date}T${time}${zone.toUpperCase()}`) : Number.NaN
  if (Number.isNaN(ms)) throw new CelError(`invalid RFC 3339 timestamp ${JSON.stringify(text)}`)
  return timestampAt(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0') || '0'))
}

/** @throws CelError */
export function durationFrom(text: string): Duration {
  const invalid = () => new CelError(`time: invalid duration ${JSON.stringify(text)}`)
  const match =
    text.length > 256 ? null : /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (!match) throw invalid()
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = UNIT[unit] ?? 1n
    nanos += BigInt(whole || '0') * size
    if (fraction) nanos += (BigInt(fraction.slice(0, 18)) * size) / 10n ** BigInt(Math.min(fraction.length, 18))
  }
  if (nanos > MAX) throw invalid()
  return new Duration(match[1] === '-' ? -nanos : nanos)
}

const fraction = (nanos: bigint) => nanos.toString().padStart(9, '0').replace(/0+$/, '')

export function showTimestamp({ nanos }: Timestamp): string {
  const rest = ((nanos % SECOND) + SECOND) % SECOND
  const text = new Date(Number((nanos - rest) / 1_000_000n)).toISOString().slice(0, 19)
  return rest === 0n ? `${text}Z` : `${text}.${fraction(rest)}Z`
}

/** `90s`, `0.5s`. */
export function showDuration({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : ''
  const amount = nanos < 0n ? -nanos : nanos
  const rest = amount % SECOND
  return `${sign}${amount / SECOND}${rest === 0n ? '' : `.${fraction(rest)}`}s`
}
