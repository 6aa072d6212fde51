// What a Pod Security check is, and the words that all of them share.
import type { Container, EphemeralContainer, Pod, PodSpec, SecurityContext } from '../../../../shared/api/core/v1.ts'

export interface Subject {
  readonly metadata: Partial<Pick<Pod['metadata'], 'annotations'>>
  readonly spec: PodSpec
}

/** `hostPort`, and in brackets `container "web" uses hostPort 80`; undefined = nothing wrong. */
export interface Finding {
  readonly reason: string
  readonly detail: string
}

export type Rule = (pod: Subject) => Finding | undefined

export interface PodSecurityCheck {
  readonly level: 'baseline' | 'restricted'
  readonly id: string
  /** Id of the check that this one contains; at its level that is left out. */
  readonly overrides?: string
  /** Minor versions from which on a rule holds, in their order; before the first of them nothing is asked. */
  readonly since: readonly (readonly [minor: number, rule: Rule])[]
}

export type AnyContainer = (Container | EphemeralContainer) & { readonly securityContext?: SecurityContext }

export const containersOf = ({ spec }: Subject): AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
]

export const quote = (words: Iterable<string>): string =>
  [...new Set(words)].map(word => JSON.stringify(word)).join(', ')

/** `container "a"`, `containers "a", "b"`. */
export const named = (what: string, names: readonly string[]): string =>
  `${what}${names.length === 1 ? '' : 's'} ${quote(names)}`

/** The containers that a test picks, by name. */
export const offenders = (pod: Subject, test: (container: AnyContainer) => boolean): string[] =>
  containersOf(pod)
    .filter(test)
    .map(({ name }) => name)

/** `pod`, `container "a"`, or `pod and container "a"`; '' when neither. */
export const podAnd = (pod: boolean, containers: readonly string[]): string =>
  [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [named('container', containers)] : [])].join(' and ')

export const found = (reason: string, detail: string): Finding | undefined => (detail ? { reason, detail } : undefined)

/** Rules about Linux users and privileges say nothing to a Windows pod. */
export const unlessWindows =
  (rule: Rule): Rule =>
  pod =>
    pod.spec.os?.name === 'windows' ? undefined : rule(pod)

/** Root of a namespace of its own is nobody on the node. */
export const unlessOwnUsers =
  (rule: Rule): Rule =>
  pod =>
    pod.spec.hostUsers === false ? undefined : rule(pod)
