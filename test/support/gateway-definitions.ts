// Definitions of the Gateway API's kinds that take anything: what is tested is who reads and writes them, not their rules.
import type { CustomResourceDefinition } from '../../src/shared/api/apiextensions/v1.ts'
import { Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from '../../src/shared/api/gateway/v1.ts'
import type { Draft, KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'

export const GATEWAY_KINDS = [GatewayClass, Gateway, HTTPRoute, ReferenceGrant] as readonly ResourceType<KubeObject>[]

export const gatewayDefinitions = (): Draft<CustomResourceDefinition>[] =>
  GATEWAY_KINDS.map(({ group, version, kind, plural, namespaced }) => {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    return {
      metadata: {
        name: `${plural}.${group}`,
        annotations: {
          'gateway.networking.k8s.io/bundle-version': 'v1.4.0',
          'api-approved.kubernetes.io': 'https://example.com',
        },
      },
      spec: {
        group,
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        scope: namespaced ? 'Namespaced' : 'Cluster',
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } },
          },
        ],
      },
    } as Draft<CustomResourceDefinition>
  })
