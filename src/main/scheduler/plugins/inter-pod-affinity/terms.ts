// (Anti-)affinity terms made ready to ask: which pods a term means, and where.
import type { Namespace, Pod, PodAffinityTerm } from '../../../../shared/api/core/v1.ts'
import type { Lister } from '../../../../shared/client/lister.ts'
import { narrowed, unwritten } from '../../../../shared/machinery/label-keys.ts'
import { type Labels, fromLabelSelector } from '../../../../shared/machinery/selectors.ts'

/** Pods as terms see them. */
export interface Target {
  readonly namespace: string
  readonly labels?: Labels
}

export interface Term {
  readonly topologyKey: string
  readonly weight: number
  /** Whether it asks for namespaces by their labels, which may change. */
  readonly byNamespaceLabels: boolean
  matches(target: Target): boolean
}

export interface Terms {
  readonly affinity: readonly Term[]
  readonly antiAffinity: readonly Term[]
  readonly preferredAffinity: readonly Term[]
  readonly preferredAntiAffinity: readonly Term[]
}

function compile(pod: Pod, term: PodAffinityTerm, namespaces: Lister<Namespace>, weight = 1): Term {
  const { labels, namespace: own } = pod.metadata
  const { labelSelector: selector } = term
  const [match, mismatch] = [unwritten(selector, term.matchLabelKeys), unwritten(selector, term.mismatchLabelKeys)]
  const matcher = fromLabelSelector(narrowed(selector, labels, match, mismatch))
  const named = new Set(term.namespaces?.length || term.namespaceSelector ? term.namespaces : [own])
  const selected = term.namespaceSelector ? fromLabelSelector(term.namespaceSelector) : undefined
  const inNamespace = (name: string) =>
    named.has(name) || selected?.everything || selected?.matches(namespaces.get({ name })?.metadata.labels)
  return {
    topologyKey: term.topologyKey,
    weight,
    byNamespaceLabels: selected !== undefined && !selected.everything,
    matches: target => Boolean(inNamespace(target.namespace)) && matcher.matches(target.labels),
  }
}

const compiled = new WeakMap<Pod, Terms>()

export function termsOf(pod: Pod, namespaces: Lister<Namespace>): Terms {
  const known = compiled.get(pod)
  if (known) return known
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const required = (from: typeof podAffinity) =>
    (from?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term => compile(pod, term, namespaces))
  const preferred = (from: typeof podAffinity) =>
    (from?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) =>
      compile(pod, podAffinityTerm, namespaces, weight),
    )
  const terms = {
    affinity: required(podAffinity),
    antiAffinity: required(podAntiAffinity),
    preferredAffinity: preferred(podAffinity),
    preferredAntiAffinity: preferred(podAntiAffinity),
  }
  compiled.set(pod, terms)
  return terms
}
