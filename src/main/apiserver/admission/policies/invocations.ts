// Which policies have a say in a request, through which bindings and with which parameters.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { AdmissionRequest } from '../contract.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import { matchRules } from '../matching/rules.ts'
import { namespaceMatches, namespaceOf, objectMatches } from '../matching/selectors.ts'
import { collectParams, ConfigurationError } from './params.ts'
import type { Binding, Bound, Match, Policy } from './stored.ts'

export interface Invocation<P extends Policy, B extends Binding> {
  readonly policy: P
  readonly binding: B
  /** The version that the policy is written for. */
  readonly shown: ResourceDescriptor
  readonly params: AnyObject | undefined
}

/** A policy that could not be asked; counts as a refusal unless its failures are to be ignored. */
export interface Misconfigured<P extends Policy, B extends Binding> {
  readonly policy: P
  readonly binding: B | undefined
  readonly message: string
}

/** Policies may neither change nor refuse what could take them away again. */
const POLICY_RESOURCES = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])
/** Questions, not writes. */
const REVIEWS = new Set(['authentication.k8s.io', 'authorization.k8s.io'])

export const isExempt = ({ resource: { type } }: AdmissionRequest): boolean =>
  REVIEWS.has(type.group) || (type.group === 'admissionregistration.k8s.io' && POLICY_RESOURCES.has(type.plural))

/** @returns the version that matched; undefined when the policy or binding is not about the request */
function matching(
  match: NonNullable<Match>,
  request: AdmissionRequest,
  store: ObjectStore,
  { resources }: ServerView,
): ResourceDescriptor | undefined {
  let trouble: unknown
  try {
    if (!namespaceMatches(match.namespaceSelector, request, store)) return undefined
  } catch (error) {
    trouble = error
  }
  if (!objectMatches(match.objectSelector, request)) return undefined
  if (matchRules(match.excludeResourceRules, match.matchPolicy, request, resources)) return undefined
  const shown = match.resourceRules?.length
    ? matchRules(match.resourceRules, match.matchPolicy, request, resources)
    : request.resource
  // Trouble with the selectors only counts where the rules are about the request at all.
  if (shown && trouble) throw trouble
  return shown
}

export async function invocationsFor<P extends Policy, B extends Binding>(
  bound: readonly Bound<P, B>[],
  request: AdmissionRequest,
  store: ObjectStore,
  server: ServerView,
): Promise<{ readonly invocations: Invocation<P, B>[]; readonly misconfigured: Misconfigured<P, B>[] }> {
  const invocations: Invocation<P, B>[] = []
  const misconfigured: Misconfigured<P, B>[] = []
  for (const { policy, bindings } of bound) {
    let current: B | undefined
    const guarded = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ConfigurationError) && !(error instanceof ApiError)) throw error
        const message = `failed to configure ${current ? 'binding' : 'policy'}: ${error.message}`
        misconfigured.push({ policy, binding: current, message })
        return undefined
      }
    }
    const shown = await guarded(() => matching(policy.spec.matchConstraints ?? {}, request, store, server))
    if (!shown) continue
    for (const binding of bindings) {
      current = binding
      const { matchResources, paramRef } = binding.spec
      const found = await guarded(() => {
        if (matchResources && !matching(matchResources, request, store, server)) return []
        return collectParams(policy.spec.paramKind, paramRef, request.namespace, server, store)
      })
      for (const params of found ?? []) invocations.push({ policy, binding, shown, params })
    }
  }
  return { invocations, misconfigured }
}

/** The namespace that expressions see; none for a request about a Namespace itself. */
export function namespaceObject(request: AdmissionRequest, store: ObjectStore): AnyObject | undefined {
  const { group, plural } = request.resource.type
  return group === '' && plural === 'namespaces' ? undefined : namespaceOf(request, store)
}
