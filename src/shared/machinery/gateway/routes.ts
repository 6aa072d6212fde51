// Which routes attach to which listeners, and why others do not.
import {
  GATEWAY_GROUP,
  type HTTPRoute,
  type HTTPRouteFilter,
  type HTTPRouteRule,
  type ParentReference,
  type ReferenceGrant,
  type RouteNamespaces,
} from '../../api/gateway/v1.ts'
import { fromLabelSelector, type Labels } from '../selectors.ts'
import { hostnamesOn } from './hostnames.ts'
import type { JudgedListener, Verdict } from './listeners.ts'
import { resolveBackend } from './ours.ts'

export interface Attachment {
  readonly route: HTTPRoute
  readonly on: JudgedListener
  /** Hosts of both; '' is every host. */
  readonly hostnames: readonly string[]
}

export interface JudgedParent {
  readonly parentRef: ParentReference
  readonly accepted: Verdict
  readonly attachments: readonly Attachment[]
}

export interface RouteWorld {
  readonly listeners: readonly JudgedListener[]
  readonly labelsOf: (namespace: string) => Labels
  /** @returns why a pattern cannot be used */
  readonly patternProblem: (pattern: string) => string | undefined
}

const isGateway = ({ group = GATEWAY_GROUP, kind = 'Gateway' }: ParentReference): boolean =>
  group === GATEWAY_GROUP && kind === 'Gateway'

/** @returns a judgement for each parentRef that names a Gateway of ours */
export function judgeRoute(route: HTTPRoute, { listeners, labelsOf, patternProblem }: RouteWorld): JudgedParent[] {
  const { namespace } = route.metadata
  const unsupported = unsupportedIn(route, patternProblem)
  return (route.spec.parentRefs ?? []).filter(isGateway).flatMap((parentRef): JudgedParent[] => {
    const ofGateway = listeners.filter(
      ({ gateway: { metadata } }) =>
        metadata.name === parentRef.name && metadata.namespace === (parentRef.namespace ?? namespace),
    )
    if (ofGateway.length === 0) return []
    const refuse = (reason: string, message: string) => [
      { parentRef, accepted: { status: false, reason, message }, attachments: [] },
    ]
    const named = ofGateway.filter(
      ({ listener }) =>
        (parentRef.sectionName === undefined || listener.name === parentRef.sectionName) &&
        (parentRef.port === undefined || listener.port === parentRef.port),
    )
    if (named.length === 0) return refuse('NoMatchingParent', 'the Gateway has no such listener')
    const allowing = named.filter(on => allows(on, namespace, labelsOf))
    if (allowing.length === 0) return refuse('NotAllowedByListeners', 'no listener takes routes of this namespace and kind') // prettier-ignore
    const attachments = allowing
      .map(on => ({ route, on, hostnames: hostnamesOn(on.listener.hostname, route.spec.hostnames) }))
      .filter(({ hostnames }) => hostnames.length > 0)
    if (attachments.length === 0) return refuse('NoMatchingListenerHostname', 'no listener has a host of this route')
    if (unsupported !== undefined) return refuse('UnsupportedValue', unsupported)
    return [{ parentRef, accepted: { status: true, reason: 'Accepted', message: '' }, attachments }]
  })
}

function allows(
  { gateway, listener, accepted, supportedKinds }: JudgedListener,
  namespace: string,
  labelsOf: RouteWorld['labelsOf'],
): boolean {
  if (!accepted.status || supportedKinds.length === 0) return false
  const { from = 'Same', selector }: RouteNamespaces = listener.allowedRoutes?.namespaces ?? {}
  if (from === 'Selector') return selector !== undefined && fromLabelSelector(selector).matches(labelsOf(namespace))
  return from === 'All' || (from === 'Same' && gateway.metadata.namespace === namespace)
}

const FILTERS = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'RequestRedirect', 'URLRewrite']
const BACKEND_FILTERS = ['RequestHeaderModifier', 'ResponseHeaderModifier']

/** @returns the first thing of the route that is not served here, in words */
function unsupportedIn({ spec }: HTTPRoute, patternProblem: RouteWorld['patternProblem']): string | undefined {
  for (const rule of spec.rules ?? []) {
    const found =
      filterProblem(rule.filters, FILTERS) ??
      rule.backendRefs?.map(({ filters }) => filterProblem(filters, BACKEND_FILTERS)).find(Boolean) ??
      (rule.retry !== undefined ? 'retry is not supported' : undefined) ??
      (rule.sessionPersistence !== undefined ? 'sessionPersistence is not supported' : undefined) ??
      matchProblem(rule, patternProblem)
    if (found) return found
  }
  return undefined
}

function filterProblem(filters: readonly HTTPRouteFilter[] = [], known: readonly string[]): string | undefined {
  const other = filters.find(({ type }) => !known.includes(type))
  return other && `the filter ${other.type} is not supported here`
}

function matchProblem(
  { matches = [] }: HTTPRouteRule,
  patternProblem: RouteWorld['patternProblem'],
): string | undefined {
  for (const { path, headers = [], queryParams = [] } of matches) {
    const patterns = [...(path ? [path] : []), ...headers, ...queryParams].filter(
      ({ type }) => type === 'RegularExpression',
    )
    for (const { value = '' } of patterns) {
      const problem = patternProblem(value)
      if (problem !== undefined) return `the pattern ${JSON.stringify(value)} cannot be used: ${problem}`
    }
  }
  return undefined
}

/** @param serviceProblem why a Service cannot be reached at a port; undefined when it can */
export function judgeBackends(
  route: HTTPRoute,
  grants: readonly ReferenceGrant[],
  serviceProblem: (namespace: string, name: string, port: number | undefined) => string | undefined,
): Verdict {
  for (const { backendRefs = [], filters = [] } of route.spec.rules ?? [])
    for (const ref of [...backendRefs, ...filters.flatMap(({ requestMirror }) => requestMirror?.backendRef ?? [])]) {
      const found = resolveBackend(route, ref, grants)
      if (found.problem === 'InvalidKind')
        return { status: false, reason: 'InvalidKind', message: `backends are Services, not ${ref.kind ?? ref.group}` }
      if (found.problem)
        return { status: false, reason: found.problem, message: `no ReferenceGrant allows Service ${ref.namespace}/${ref.name}` } // prettier-ignore
      const missing = serviceProblem(found.namespace, found.name, ref.port)
      if (missing !== undefined) return { status: false, reason: 'BackendNotFound', message: missing }
    }
  return { status: true, reason: 'ResolvedRefs', message: '' }
}
