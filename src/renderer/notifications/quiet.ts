// When a trouble becomes a notification: quiet rules, so that it is told once, late enough to be true, and taken back
// when it is over. Pure; the time is given.
//
//   suspected ── lasts SETTLE_MS, still bad ──► told ── over ──► withdrawn, and not told again for REST_MS
import type { Suspect } from './troubles.ts'
import { t } from '../i18n/i18n.ts'

/** Shorter troubles pass by themselves: a pod that starts late, a node that restarts. */
export const SETTLE_MS = 20_000
/** What comes and goes is told no more often than this. */
export const REST_MS = 10 * 60_000
/** Of several that are told as one, so many are named. */
const MOST_NAMED = 3

export interface Told extends Suspect {
  /** Milliseconds since the epoch. */
  readonly since: number
}

export interface Quiet {
  /** Key → since when it has been suspected without a break. */
  readonly suspected: ReadonlyMap<string, number>
  /** Keys of those that were bad when they were last looked at, also of muted namespaces. */
  readonly bad: ReadonlySet<string>
  /** What stands in the list, the newest first. */
  readonly told: readonly Told[]
  /** Key → when it was last announced. */
  readonly announced: ReadonlyMap<string, number>
}

export const nothingTold: Quiet = { suspected: new Map(), bad: new Set(), told: [], announced: new Map() }

/** Suspects that have been so for long enough that somebody should look whether they are bad, and those that were. */
export const ripe = (quiet: Quiet, suspects: readonly Suspect[], now: number): Suspect[] =>
  suspects.filter(({ key }) => quiet.bad.has(key) || now - (quiet.suspected.get(key) ?? now) >= SETTLE_MS)

export interface Step {
  readonly next: Quiet
  /** To be announced: in the window, and on the desktop where that is wanted. */
  readonly fresh: readonly Told[]
  /** Announced before, and over: what was shown on the desktop is taken back. */
  readonly over: readonly string[]
}

/**
 * @param bad keys of the suspects that were looked at and are bad
 * @param muted namespaces of which nothing is told
 */
export function step(
  quiet: Quiet,
  suspects: readonly Suspect[],
  bad: ReadonlySet<string>,
  muted: readonly string[],
  now: number,
): Step {
  const suspected = new Map(suspects.map(({ key }) => [key, quiet.suspected.get(key) ?? now]))
  const before = new Map(quiet.told.map(each => [each.key, each]))
  const told = suspects
    .filter(({ key, namespace }) => bad.has(key) && !(namespace !== undefined && muted.includes(namespace)))
    .map(each => ({ ...each, since: each.sinceMs ?? before.get(each.key)?.since ?? suspected.get(each.key) ?? now }))
    .sort((a, b) => b.since - a.since || a.key.localeCompare(b.key))
  const fresh = told.filter(
    ({ key }) => !before.has(key) && now - (quiet.announced.get(key) ?? Number.NEGATIVE_INFINITY) >= REST_MS,
  )
  const announced = new Map([...quiet.announced].filter(([, at]) => now - at < REST_MS))
  for (const { key } of fresh) announced.set(key, now)
  const still = new Set(told.map(({ key }) => key))
  return { next: { suspected, bad, told, announced }, fresh, over: [...before.keys()].filter(key => !still.has(key)) }
}

const titleOf = ({ title, type, name }: Suspect): string => title ?? `${type.kind} ${name}`

/** One line for several, so that a node that takes twenty workloads with it is not told twenty times. */
export function summary(fresh: readonly Told[]): { readonly title: string; readonly text: string } {
  const [first] = fresh
  if (!first) return { title: '', text: '' }
  if (fresh.length === 1) return { title: titleOf(first), text: first.text }
  const names = fresh.slice(0, MOST_NAMED).map(titleOf)
  const rest = fresh.length - names.length
  return {
    title: t('{n} are failing', { n: fresh.length }),
    text: rest > 0 ? t('{names} and {n} more', { names: names.join(', '), n: rest }) : names.join(', '),
  }
}
