// The rules of an HTTPRoute.
import type {
  BackendObjectReference,
  HTTPBackendRef,
  HTTPRequestMirrorFilter,
  HTTPRoute,
  HTTPRouteFilter,
  HTTPRouteMatch,
  HTTPRouteRule,
  HTTPValueMatch,
  ReferenceGrant,
} from '../../../shared/api/gateway/v1.ts'
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { compileWhole } from '../../../shared/machinery/gateway/patterns.ts'
import { resolveBackend } from '../../../shared/machinery/gateway/ours.ts'
import { rulePath } from '../request-path.ts'
import { type Action, type Backend, type HeaderChanges, type MirrorBackend, type PathMatch, prefixOf, type Rule, type ValueMatch, type WeightedBackend } from '../rules.ts' // prettier-ignore

/** @returns a rule for each match, in their order */
export const rulesOf = (route: HTTPRoute, grants: readonly ReferenceGrant[]): Rule[] =>
  (route.spec.rules ?? []).flatMap(rule => {
    const backends = {
      backends: (rule.backendRefs ?? []).map(ref => weighted(route, ref, grants)),
      mirrors: (rule.filters ?? []).flatMap(({ requestMirror }) => mirrorsOf(route, requestMirror, grants)),
    }
    return (rule.matches ?? [{}]).map(match => ruleOf(rule, match, backends))
  })

function ruleOf(rule: HTTPRouteRule, match: HTTPRouteMatch, backends: Pick<Action, 'backends' | 'mirrors'>): Rule {
  const path = pathMatch(match)
  return {
    path,
    ...(match.method !== undefined && { method: match.method }),
    headers: unique(match.headers).map(header => valueMatch({ ...header, name: header.name.toLowerCase() })),
    query: unique(match.queryParams).map(valueMatch),
    action: actionOf(rule, backends, path.type === 'Prefix' ? path.value : ''),
  }
}

/** Of several entries with one name, the first counts. */
const unique = (list: readonly HTTPValueMatch[] = []): HTTPValueMatch[] =>
  list.filter(({ name }, at) => list.findIndex(other => other.name.toLowerCase() === name.toLowerCase()) === at)

function pathMatch({ path: { type = 'PathPrefix', value = '/' } = {} }: HTTPRouteMatch): PathMatch {
  if (type === 'RegularExpression') return { type, value, pattern: compileWhole(value) }
  return type === 'Exact' ? { type, value: rulePath(value) } : { type: 'Prefix', value: prefixOf(rulePath(value)) }
}

function valueMatch({ type, name, value }: HTTPValueMatch): ValueMatch {
  if (type !== 'RegularExpression') return { name, matches: given => given === value }
  const pattern = compileWhole(value)
  return { name, matches: given => pattern.fits(given) }
}

function actionOf(
  { filters = [], timeouts }: HTTPRouteRule,
  backends: Pick<Action, 'backends' | 'mirrors'>,
  prefix: string,
): Action {
  // prettier-ignore
  const redirect = filters.find(({ requestRedirect }) => requestRedirect)?.requestRedirect
  const rewrite = filters.find(({ urlRewrite }) => urlRewrite)?.urlRewrite
  const [requestTimeoutMs, backendTimeoutMs] = [timeoutOf(timeouts?.request), timeoutOf(timeouts?.backendRequest)]
  return {
    ...changesOf(filters),
    ...backends,
    prefix,
    missing: 500,
    ...(redirect && { redirect }),
    ...(rewrite && { rewrite }),
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    ...(backendTimeoutMs !== undefined && { backendTimeoutMs }),
  }
}

/** `0s` is for no limit. */
const timeoutOf = (text: string | undefined): number | undefined => (text && parseDuration(text)) || undefined

const changesOf = (filters: readonly HTTPRouteFilter[] = []): HeaderChanges => ({
  request: filters.flatMap(({ requestHeaderModifier }) => requestHeaderModifier ?? []),
  response: filters.flatMap(({ responseHeaderModifier }) => responseHeaderModifier ?? []),
})

const weighted = (route: HTTPRoute, ref: HTTPBackendRef, grants: readonly ReferenceGrant[]): WeightedBackend => ({
  backend: backendOf(route, ref, grants),
  weight: ref.weight ?? 1,
  ...changesOf(ref.filters),
})

/** A backend that cannot be had gets no copies. */
function mirrorsOf(
  route: HTTPRoute,
  mirror: HTTPRequestMirrorFilter | undefined,
  grants: readonly ReferenceGrant[],
): MirrorBackend[] {
  const backend = mirror && backendOf(route, mirror.backendRef, grants)
  return backend ? [{ backend, share: mirrorShare(mirror) }] : []
}

function mirrorShare({ percent = 100, fraction }: HTTPRequestMirrorFilter): number {
  return fraction ? fraction.numerator / (fraction.denominator ?? 100) : percent / 100
}

function backendOf(
  route: HTTPRoute,
  ref: BackendObjectReference,
  grants: readonly ReferenceGrant[],
): Backend | undefined {
  const found = resolveBackend(route, ref, grants)
  return found.problem ? undefined : { namespace: found.namespace, service: found.name, port: ref.port }
}
