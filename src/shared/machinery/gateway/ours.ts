// Which Gateways the cluster serves by itself, and what they may refer to.
import type { BackendObjectReference, Gateway, GatewayClass, HTTPRoute, ReferenceGrant, SecretObjectReference } from '../../api/gateway/v1.ts' // prettier-ignore
import { GATEWAY_GROUP } from '../../api/gateway/v1.ts'

/** `spec.controllerName` of the GatewayClasses that the nodes serve: without one of these, nothing listens. */
export const GATEWAY_CONTROLLER = 'flotilla.dev/gateway'
/** Name of the custom resource definition by whose presence the Gateway API is known to be installed. */
export const GATEWAY_CLASS_CRD = `gatewayclasses.${GATEWAY_GROUP}`

export const isOurGatewayClass = ({ spec }: GatewayClass): boolean => spec.controllerName === GATEWAY_CONTROLLER

/** @returns the Gateways of our classes */
export function ourGateways(classes: readonly GatewayClass[], gateways: readonly Gateway[]): Gateway[] {
  const ours = new Set(classes.filter(isOurGatewayClass).map(({ metadata }) => metadata.name))
  return gateways.filter(({ spec, metadata }) => ours.has(spec.gatewayClassName) && !metadata.deletionTimestamp)
}

interface Referrer {
  readonly kind: string
  readonly namespace: string
}
interface Referred {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Across namespaces, whoever owns what is referred to has to allow it. Both kinds of what is granted are core ones. */
export const mayRefer = (from: Referrer, to: Referred, grants: readonly ReferenceGrant[]): boolean =>
  from.namespace === to.namespace ||
  grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some(
        ({ group, kind, namespace }) => group === GATEWAY_GROUP && kind === from.kind && namespace === from.namespace,
      ) &&
      spec.to.some(
        ({ group, kind, name }) => group === '' && kind === to.kind && (name === undefined || name === to.name),
      ),
  )

/** What a reference names, or why it cannot be followed. */
export type Resolved =
  | { readonly namespace: string; readonly name: string; readonly problem?: undefined }
  | { readonly problem: 'InvalidKind' | 'RefNotPermitted' }

function resolve(
  from: Referrer,
  kind: string,
  ref: { group?: string; kind?: string; namespace?: string; name: string },
  grants: readonly ReferenceGrant[],
): Resolved {
  if ((ref.group ?? '') !== '' || (ref.kind ?? kind) !== kind) return { problem: 'InvalidKind' }
  const to = { kind, namespace: ref.namespace ?? from.namespace, name: ref.name }
  return mayRefer(from, to, grants) ? to : { problem: 'RefNotPermitted' }
}

export const resolveCertificate = (
  { metadata: { namespace } }: Gateway,
  ref: SecretObjectReference,
  grants: readonly ReferenceGrant[],
): Resolved => resolve({ kind: 'Gateway', namespace }, 'Secret', ref, grants)

export const resolveBackend = (
  { metadata: { namespace } }: HTTPRoute,
  ref: BackendObjectReference,
  grants: readonly ReferenceGrant[],
): Resolved => resolve({ kind: 'HTTPRoute', namespace }, 'Service', ref, grants)

/** @returns `namespace/name` of the Secrets whose certificates a Gateway serves */
export const certificatesOf = (gateway: Gateway, grants: readonly ReferenceGrant[]): string[] =>
  gateway.spec.listeners
    .filter(({ protocol }) => protocol === 'HTTPS')
    .flatMap(({ tls }) => tls?.certificateRefs ?? [])
    .flatMap(ref => {
      const found = resolveCertificate(gateway, ref, grants)
      return found.problem ? [] : `${found.namespace}/${found.name}`
    })
