// The statuses that follow from what there is: pure functions.
import {
  type Gateway,
  type GatewayClass,
  type GatewayStatus,
  type HTTPRoute,
  type HTTPRouteStatus,
  type GatewayClassStatus,
  type ListenerStatus,
} from '../../../shared/api/gateway/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { JudgedListener, Verdict } from '../../../shared/machinery/gateway/listeners.ts'
import { GATEWAY_CONTROLLER } from '../../../shared/machinery/gateway/ours.ts'
import type { JudgedParent } from '../../../shared/machinery/gateway/routes.ts'
import { withConditions } from './conditions.ts'

/** Upstream's names of what is served beyond the core, with the core's own. */
export const SUPPORTED_FEATURES = [
  'Gateway',
  'GatewayHTTPListenerIsolation',
  'GatewayPort8080',
  'HTTPRoute',
  'HTTPRouteBackendProtocolH2C',
  'HTTPRouteBackendProtocolWebSocket',
  'HTTPRouteBackendRequestHeaderModification',
  'HTTPRouteBackendTimeout',
  'HTTPRouteHostRewrite',
  'HTTPRouteMethodMatching',
  'HTTPRouteNamedRouteRule',
  'HTTPRouteParentRefPort',
  'HTTPRoutePathRedirect',
  'HTTPRoutePathRewrite',
  'HTTPRoutePortRedirect',
  'HTTPRouteQueryParamMatching',
  'HTTPRouteRequestMirror',
  'HTTPRouteRequestMultipleMirrors',
  'HTTPRouteRequestPercentageMirror',
  'HTTPRouteRequestTimeout',
  'HTTPRouteResponseHeaderModification',
  'HTTPRouteSchemeRedirect',
  'ReferenceGrant',
] as const

const yes = (reason: string, message = ''): Verdict => ({ status: true, reason, message })
const no = (reason: string, message: string): Verdict => ({ status: false, reason, message })
const generationOf = ({ metadata }: GatewayClass | Gateway | HTTPRoute): number => metadata.generation ?? 0

export function classStatus(gatewayClass: GatewayClass, isVersionKnown: boolean, now: string): GatewayClassStatus {
  const { status, spec } = gatewayClass
  const verdicts = {
    Accepted: spec.parametersRef ? no('InvalidParameters', 'there are no parameters') : yes('Accepted'),
    SupportedVersion: isVersionKnown
      ? yes('SupportedVersion')
      : no('UnsupportedVersion', 'the custom resource definitions are of another version; served as far as understood'),
  }
  return {
    ...status,
    conditions: withConditions(status?.conditions, verdicts, generationOf(gatewayClass), now),
    supportedFeatures: SUPPORTED_FEATURES.map(name => ({ name })),
  }
}

/**
 * @param listeners the Gateway's own
 * @param attached how many routes each has
 * @param addresses of the nodes that serve
 */
export function gatewayStatus(
  gateway: Gateway,
  listeners: readonly JudgedListener[],
  attached: (on: JudgedListener) => number,
  addresses: readonly string[],
  now: string,
): GatewayStatus {
  const { status, spec } = gateway
  const asksAddresses = (spec.addresses ?? []).some(({ value }) => value !== undefined && value !== '')
  const valid = listeners.filter(({ accepted }) => accepted.status)
  const accepted = asksAddresses
    ? no('UnsupportedAddress', 'Gateways are served on the addresses of the nodes, which are not for choosing')
    : valid.length === 0
      ? no('ListenersNotValid', 'no listener is valid')
      : valid.length < listeners.length
        ? yes('ListenersNotValid', 'some listeners are not valid')
        : yes('Accepted')
  const isServed = accepted.status && listeners.some(on => on.isServed)
  const programmed = !isServed
    ? no('Invalid', 'nothing can be served')
    : addresses.length === 0
      ? no('AddressNotAssigned', 'no node serves')
      : yes('Programmed')
  return {
    ...status,
    addresses: isServed ? addresses.map(value => ({ type: 'IPAddress', value })) : [],
    conditions: withConditions(status?.conditions, { Accepted: accepted, Programmed: programmed }, generationOf(gateway), now), // prettier-ignore
    listeners: listeners.map(on => listenerStatus(gateway, on, attached(on), now)),
  }
}

function listenerStatus(gateway: Gateway, on: JudgedListener, attachedRoutes: number, now: string): ListenerStatus {
  const { name } = on.listener
  const old = gateway.status?.listeners?.find(listener => listener.name === name)
  const verdicts = {
    Accepted: on.accepted,
    Conflicted: on.conflicted,
    ResolvedRefs: on.resolvedRefs,
    Programmed: on.isServed && on.resolvedRefs.status ? yes('Programmed') : no('Invalid', 'this listener is not served as it should be'), // prettier-ignore
  }
  return {
    name,
    supportedKinds: [...on.supportedKinds],
    attachedRoutes,
    conditions: withConditions(old?.conditions, verdicts, generationOf(gateway), now),
  }
}

/** What other controllers say of the route stays. */
export function routeStatus(
  route: HTTPRoute,
  parents: readonly JudgedParent[],
  resolvedRefs: Verdict,
  now: string,
): HTTPRouteStatus {
  const old = route.status?.parents ?? []
  const others = old.filter(({ controllerName }) => controllerName !== GATEWAY_CONTROLLER)
  const own = parents.map(({ parentRef, accepted }) => {
    const before = old.find(
      parent => parent.controllerName === GATEWAY_CONTROLLER && deepEqual(parent.parentRef, parentRef),
    )
    const verdicts = { Accepted: accepted, ResolvedRefs: resolvedRefs }
    return {
      parentRef,
      controllerName: GATEWAY_CONTROLLER,
      conditions: withConditions(before?.conditions, verdicts, generationOf(route), now),
    }
  })
  return { parents: [...others, ...own] }
}
