// From when to when a log is read.
import { m } from '../i18n/i18n.ts'
export interface LogRange {
  /** RFC 3339. */
  readonly since?: string
  readonly until?: string
}

export const RANGES = [
  { id: 'newest', title: m('Newest lines') },
  { id: '5m', title: m('Last 5 minutes'), ms: 5 * 60_000 },
  { id: '30m', title: m('Last 30 minutes'), ms: 30 * 60_000 },
  { id: '3h', title: m('Last 3 hours'), ms: 3 * 3_600_000 },
  { id: '24h', title: m('Last 24 hours'), ms: 24 * 3_600_000 },
  { id: 'all', title: m('From the start'), ms: Infinity },
  { id: 'between', title: m('From … to …') },
] as const
export type RangeId = (typeof RANGES)[number]['id']

/** @param text of a date-and-time field, in this machine's time; '' or half-typed = no limit */
const moment = (text: string): string | undefined => {
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

export function rangeOf(id: RangeId, from: string, to: string, nowMs: number): LogRange {
  if (id === 'between') {
    const since = moment(from)
    const until = moment(to)
    return { since: since ?? new Date(0).toISOString(), ...(until ? { until } : {}) }
  }
  const chosen = RANGES.find(range => range.id === id)
  if (!chosen || !('ms' in chosen)) return {}
  return { since: new Date(Math.max(0, nowMs - chosen.ms)).toISOString() }
}
