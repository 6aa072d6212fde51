// Which rules a level has as of a version of Kubernetes.
import { baselineChecks } from './baseline.ts'
import type { Finding, PodSecurityCheck, Rule, Subject } from './check.ts'
import { restrictedChecks } from './restricted.ts'

/** What is said of a namespace: a level, and `latest` or the version as of which that is meant. */
export interface Policy {
  readonly level: string
  readonly version: string
}

const NEWEST = Math.max(
  ...[...baselineChecks, ...restrictedChecks].flatMap(({ since }) => since.map(([minor]) => minor)),
)

/** Versions to come ask for what the newest one does. */
const minorOf = (version: string): number => Math.min(Number(/^v1\.(\d+)$/.exec(version)?.[1] ?? NEWEST), NEWEST)

const ruleAt = ({ since }: PodSecurityCheck, minor: number): Rule | undefined =>
  since.findLast(([from]) => from <= minor)?.[1]

function rulesAt(level: string, minor: number): readonly Rule[] {
  if (level === 'privileged') return []
  const stricter = level === 'restricted' ? restrictedChecks.filter(check => ruleAt(check, minor)) : []
  const overridden = new Set(stricter.map(({ overrides }) => overrides))
  return [...baselineChecks.filter(({ id }) => !overridden.has(id)), ...stricter].flatMap(
    check => ruleAt(check, minor) ?? [],
  )
}

const known = new Map<string, readonly Rule[]>()

function rulesOf({ level, version }: Policy): readonly Rule[] {
  const minor = minorOf(version)
  const key = `${level} ${minor}`
  const rules = known.get(key) ?? rulesAt(level, minor)
  known.set(key, rules)
  return rules
}

export const findingsOf = (policy: Policy, pod: Subject): Finding[] => rulesOf(policy).flatMap(rule => rule(pod) ?? [])
