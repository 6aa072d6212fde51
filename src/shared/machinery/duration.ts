// Go's duration texts, as in metav1.Duration: `1h30m`, `250ms`, `-1.5s`.

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
}
/** A text, not a literal: a literal would keep its Greek letter, and with it two bytes for each character of the agent. */
const PART = `(\\d+(?:\\.\\d*)?|\\.\\d+)(${Object.keys(UNIT_MS).join('|')})`

/** @returns milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64) return undefined
  const sign = text.startsWith('-') ? -1 : 1
  const rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  let ms = 0
  let at = 0
  const part = new RegExp(PART, 'y')
  while (at < rest.length) {
    part.lastIndex = at
    const match = part.exec(rest)
    if (!match) return undefined
    ms += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0)
    at = part.lastIndex
  }
  return rest === '' ? undefined : sign * ms
}

/** @returns the duration as Go prints it: `1h30m0s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  const sign = durationMs < 0 ? '-' : ''
  const ms = Math.abs(durationMs)
  const trim = (value: number, digits: number) => String(Number(value.toFixed(digits)))
  if (ms < 1e-3) return `${sign}${trim(ms * 1e6, 0)}ns`
  if (ms < 1) return `${sign}${trim(ms * 1e3, 3)}µs`
  if (ms < 1000) return `${sign}${trim(ms, 6)}ms`
  const hours = Math.floor(ms / 36e5)
  const minutes = Math.floor((ms % 36e5) / 6e4)
  const seconds = `${trim((ms % 6e4) / 1000, 9)}s`
  if (hours) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}
