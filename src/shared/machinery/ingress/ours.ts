// Which Ingresses the cluster serves by itself, and on which nodes.
import type { Node } from '../../api/core/v1.ts'
import type { Ingress, IngressClass } from '../../api/networking/v1.ts'

/** `spec.controller` of the IngressClasses that the nodes serve: without one of these, nothing listens. */
export const INGRESS_CONTROLLER = 'flotilla.dev/ingress'
/**
 * `true` on the nodes that are to serve; while no node has it, all serve but those that say `false`. Under this prefix
 * no node may label itself: who serves may read the certificates.
 */
export const INGRESS_NODE_LABEL = 'flotilla.dev.node-restriction.kubernetes.io/ingress'
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

export const isOurClass = ({ spec }: IngressClass): boolean => spec.controller === INGRESS_CONTROLLER

export const ingressNodes = (nodes: readonly Node[]): readonly Node[] => {
  const labelled = nodes.filter(({ metadata }) => metadata.labels?.[INGRESS_NODE_LABEL] === 'true')
  return labelled.length > 0
    ? labelled
    : nodes.filter(({ metadata }) => metadata.labels?.[INGRESS_NODE_LABEL] !== 'false')
}

/** @param ours names of the classes that are ours */
export function isOurIngress({ metadata, spec }: Ingress, ours: ReadonlySet<string>): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION]
  return name !== undefined && ours.has(name)
}

/** @returns the names of the Secrets with certificates, in the Ingress's namespace */
export const secretsOf = ({ spec }: Ingress): readonly string[] =>
  (spec.tls ?? []).flatMap(({ secretName }) => secretName ?? [])
