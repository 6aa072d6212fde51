// Types of gateway.networking.k8s.io, as far as this project serves it. Its kinds are custom resources that users install.
// @see https://gateway-api.sigs.k8s.io/reference/spec/
import type { LiveMeta, NamespacedMeta } from '../../machinery/object.ts'
import type { ResourceType } from '../../machinery/resource-type.ts'
import type { Condition, LabelSelector } from '../meta/v1.ts'

export const GATEWAY_GROUP = 'gateway.networking.k8s.io'

export interface GatewayClass {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: GatewayClassSpec
  status?: GatewayClassStatus
}
export const GatewayClass: ResourceType<GatewayClass> = {
  group: GATEWAY_GROUP,
  version: 'v1',
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  namespaced: false,
}

export interface GatewayClassSpec {
  controllerName: string
  parametersRef?: { group: string; kind: string; name: string; namespace?: string }
}

export interface GatewayClassStatus {
  conditions?: Condition[]
  supportedFeatures?: { name: string }[]
}

export interface Gateway {
  apiVersion: string
  kind: string
  metadata: NamespacedMeta
  spec: GatewaySpec
  status?: GatewayStatus
}
export const Gateway: ResourceType<Gateway> = {
  group: GATEWAY_GROUP,
  version: 'v1',
  kind: 'Gateway',
  plural: 'gateways',
  namespaced: true,
}

export interface GatewaySpec {
  gatewayClassName: string
  listeners: Listener[]
  addresses?: { type?: string; value?: string }[]
}

export interface Listener {
  name: string
  /** Absent: every host. `*.example.org` stands for any number of labels. */
  hostname?: string
  port: number
  protocol: string
  tls?: { mode?: string; certificateRefs?: SecretObjectReference[] }
  allowedRoutes?: { namespaces?: RouteNamespaces; kinds?: RouteGroupKind[] }
}

export interface RouteNamespaces {
  /** All, Selector, Same or None; default Same. */
  from?: string
  selector?: LabelSelector
}

export interface RouteGroupKind {
  group?: string
  kind: string
}

export interface SecretObjectReference {
  group?: string
  kind?: string
  name: string
  namespace?: string
}

export interface GatewayStatus {
  addresses?: { type?: string; value: string }[]
  conditions?: Condition[]
  listeners?: ListenerStatus[]
}

export interface ListenerStatus {
  name: string
  supportedKinds: RouteGroupKind[]
  attachedRoutes: number
  conditions: Condition[]
}

export interface HTTPRoute {
  apiVersion: string
  kind: string
  metadata: NamespacedMeta
  spec: HTTPRouteSpec
  status?: HTTPRouteStatus
}
export const HTTPRoute: ResourceType<HTTPRoute> = {
  group: GATEWAY_GROUP,
  version: 'v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  namespaced: true,
}

export interface HTTPRouteSpec {
  parentRefs?: ParentReference[]
  hostnames?: string[]
  rules?: HTTPRouteRule[]
}

export interface ParentReference {
  group?: string
  kind?: string
  namespace?: string
  name: string
  sectionName?: string
  port?: number
}

export interface HTTPRouteRule {
  name?: string
  matches?: HTTPRouteMatch[]
  filters?: HTTPRouteFilter[]
  backendRefs?: HTTPBackendRef[]
  timeouts?: { request?: string; backendRequest?: string }
  retry?: unknown
  sessionPersistence?: unknown
}

export interface HTTPRouteMatch {
  path?: { type?: string; value?: string }
  headers?: HTTPValueMatch[]
  queryParams?: HTTPValueMatch[]
  method?: string
}

/** Of a header or of a query parameter. */
export interface HTTPValueMatch {
  /** Exact or RegularExpression; default Exact. */
  type?: string
  name: string
  value: string
}

export interface HTTPRouteFilter {
  type: string
  requestHeaderModifier?: HTTPHeaderFilter
  responseHeaderModifier?: HTTPHeaderFilter
  requestRedirect?: HTTPRequestRedirectFilter
  requestMirror?: HTTPRequestMirrorFilter
  urlRewrite?: { hostname?: string; path?: HTTPPathModifier }
}

export interface HTTPHeaderFilter {
  set?: { name: string; value: string }[]
  add?: { name: string; value: string }[]
  remove?: string[]
}

export interface HTTPPathModifier {
  type: string
  replaceFullPath?: string
  replacePrefixMatch?: string
}

export interface HTTPRequestRedirectFilter {
  scheme?: string
  hostname?: string
  path?: HTTPPathModifier
  port?: number
  statusCode?: number
}

export interface HTTPRequestMirrorFilter {
  backendRef: BackendObjectReference
  /** Of all requests; default: all of them. */
  percent?: number
  fraction?: { numerator: number; denominator?: number }
}

export interface BackendObjectReference {
  group?: string
  kind?: string
  name: string
  namespace?: string
  port?: number
}

export interface HTTPBackendRef extends BackendObjectReference {
  weight?: number
  filters?: HTTPRouteFilter[]
}

export interface HTTPRouteStatus {
  parents: RouteParentStatus[]
}

export interface RouteParentStatus {
  parentRef: ParentReference
  controllerName: string
  conditions?: Condition[]
}

export interface ReferenceGrant {
  apiVersion: string
  kind: string
  metadata: NamespacedMeta
  spec: ReferenceGrantSpec
}
export const ReferenceGrant: ResourceType<ReferenceGrant> = {
  group: GATEWAY_GROUP,
  version: 'v1beta1',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  namespaced: true,
}

export interface ReferenceGrantSpec {
  from: { group: string; kind: string; namespace: string }[]
  to: { group: string; kind: string; name?: string }[]
}
