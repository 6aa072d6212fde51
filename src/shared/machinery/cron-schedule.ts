// The schedule of a CronJob: five fields, a name such as `@daily`, or `@every 90s`. What upstream's parser takes is taken,
// and nothing else: what croner would read beyond that is refused.
// @see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
import { CronTimes } from './cron-times.ts'
import { parseDuration } from './duration.ts'

export interface CronSchedule {
  /** The first time after this one; undefined when there is none. */
  next(afterMs: number): number | undefined
  /** How many times there are after one and up to another, counted to one more than `limit`; and the last of all. */
  between(afterMs: number, untilMs: number, limit: number): { readonly times: number; readonly latestMs?: number }
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
]
const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const EVERY = '@every '

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** @param fromMs what `@every` counts from @throws Error with upstream's words */
export function parseCronSchedule(text: string, timeZone = 'Etc/UTC', fromMs = 0): CronSchedule {
  if (text.startsWith(EVERY)) return everyDuration(text, fromMs)
  const named = Object.hasOwn(NAMED, text) ? NAMED[text] : undefined
  if (!named && text.startsWith('@')) throw new Error(`unrecognized descriptor: ${text}`)
  const cron = new CronTimes(named ?? fieldsOf(text), timeZone)
  return {
    next: afterMs => cron.next(afterMs),
    between(afterMs, untilMs, limit) {
      let times = 0
      let latestMs: number | undefined
      for (let time = cron.next(afterMs); time !== undefined && time <= untilMs; time = cron.next(time)) {
        latestMs = time
        if (++times > limit) break
      }
      if (times > limit) latestMs = cron.last(untilMs, afterMs)
      return { times, ...(latestMs !== undefined && { latestMs }) }
    },
  }
}

function everyDuration(text: string, fromMs: number): CronSchedule {
  const givenMs = parseDuration(text.slice(EVERY.length))
  if (givenMs === undefined) throw new Error(`failed to parse duration ${text}`)
  const everyMs = Math.max(1, Math.floor(givenMs / 1000)) * 1000
  const startMs = Math.floor(fromMs / 1000) * 1000
  /** How many of its times there have been. */
  const countAt = (ms: number) => Math.max(0, Math.floor((ms - startMs) / everyMs))
  return {
    next: afterMs => startMs + (countAt(afterMs) + 1) * everyMs,
    between(afterMs, untilMs, limit) {
      const times = Math.min(countAt(untilMs) - countAt(afterMs), limit + 1)
      return { times, ...(times > 0 && { latestMs: startMs + countAt(untilMs) * everyMs }) }
    },
  }
}

/** @returns the same in the words of croner */
function fieldsOf(text: string): string {
  const fields = text.split(/\s+/).filter(Boolean)
  if (fields.length === 0) throw new Error('empty spec string')
  if (fields.length !== FIELDS.length)
    throw new Error(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`)
  return FIELDS.map((bounds, i) =>
    (fields[i] ?? '')
      .split(',')
      .map(part => rangeOf(part, bounds))
      .join(','),
  ).join(' ')
}

function rangeOf(text: string, { min, max, names }: Bounds): string {
  const [range = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreBounds] = range.split('-')
  if (moreBounds.length > 0) throw new Error(`too many hyphens: ${text}`)
  if (moreSteps.length > 0) throw new Error(`too many slashes: ${text}`)
  const all = low === '*' || low === '?'
  const step = stepText === undefined ? 1 : numberOf(stepText)
  const first = all ? min : numberOf(low, names, min)
  // A single number with a step goes on to the end.
  const last = all || (high === undefined && stepText !== undefined) ? max : numberOf(high ?? low, names, min)
  if (first < min) throw new Error(`beginning of range (${first}) below minimum (${min}): ${text}`)
  if (last > max) throw new Error(`end of range (${last}) above maximum (${max}): ${text}`)
  if (first > last) throw new Error(`beginning of range (${first}) beyond end of range (${last}): ${text}`)
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`)
  // Only an asterisk by itself leaves it to the other of the two fields for days.
  if (all && step === 1) return '*'
  const steps: number[] = []
  for (let value = first; value <= last; value += step) steps.push(value)
  return steps.join(',')
}

function numberOf(text: string, names?: readonly string[], min = 0): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + min
  if (/^-\d/.test(text)) throw new Error(`negative number (${text}) not allowed: ${text}`)
  if (!/^\+?\d{1,9}$/.test(text))
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`)
  return Number(text)
}
