// Objects of the Gateway API as the API server would return them.
import type {
  Gateway,
  GatewayClass,
  HTTPRoute,
  HTTPRouteRule,
  HTTPRouteSpec,
  Listener,
  ReferenceGrant,
  ReferenceGrantSpec,
} from '../../../src/shared/api/gateway/v1.ts'
import { GATEWAY_CLASS_CRD, GATEWAY_CONTROLLER } from '../../../src/shared/machinery/gateway/ours.ts'

const meta = (name: string, namespace: string, creationTimestamp = '2026-01-01T00:00:00Z') => ({
  name,
  namespace,
  uid: `uid-${namespace}-${name}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp,
})
const clusterMeta = (name: string) => ({ ...meta(name, ''), namespace: undefined })
const apiVersion = 'gateway.networking.k8s.io/v1'

export const gatewayDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: clusterMeta(GATEWAY_CLASS_CRD),
  spec: {},
}

export const gatewayClass = (name = 'flotilla', controllerName = GATEWAY_CONTROLLER): GatewayClass =>
  ({ apiVersion, kind: 'GatewayClass', metadata: clusterMeta(name), spec: { controllerName } }) as GatewayClass

export const gateway = (name: string, listeners: Listener[], age?: string, namespace = 'default'): Gateway => ({
  apiVersion,
  kind: 'Gateway',
  metadata: meta(name, namespace, age),
  spec: { gatewayClassName: 'flotilla', listeners },
})

export const http = (name: string, more: Partial<Listener> = {}): Listener => ({
  name,
  port: 80,
  protocol: 'HTTP',
  ...more,
})

export const https = (name: string, secret: string, more: Partial<Listener> = {}): Listener => ({
  name,
  port: 443,
  protocol: 'HTTPS',
  tls: { certificateRefs: [{ name: secret }] },
  ...more,
})

export const route = (
  name: string,
  rules: HTTPRouteRule[],
  spec: Partial<HTTPRouteSpec> = {},
  namespace = 'default',
): HTTPRoute => ({
  apiVersion,
  kind: 'HTTPRoute',
  metadata: meta(name, namespace),
  spec: { parentRefs: [{ name: 'gw' }], rules, ...spec },
})

export const to = (name: string, weight?: number) => ({ name, port: 80, ...(weight !== undefined && { weight }) })

export const grant = (namespace: string, spec: ReferenceGrantSpec): ReferenceGrant => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: meta('grant', namespace),
  spec,
})
