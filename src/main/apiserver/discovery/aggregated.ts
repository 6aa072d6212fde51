// Aggregated discovery (apidiscovery.k8s.io/v2): everything in one document per root.
import type { ServedGroup, ServedKind, ServedResource } from './served.ts'

export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
/** What servers before 1.30 speak. */
export const EARLIER_AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'

/** Built-in kinds say their group and version where these are others than the list's. */
const kindOf = ({ group, version, kind }: ServedKind, of?: ServedKind) =>
  group === of?.group && version === of.version ? { group: '', version: '', kind } : { group, version, kind }

const resourceOf = ({ descriptor, isBuiltin, verbs, subresources }: ServedResource) => ({
  resource: descriptor.type.plural,
  responseKind: kindOf(descriptor.type, isBuiltin ? descriptor.type : undefined),
  scope: descriptor.type.namespaced ? 'Namespaced' : 'Cluster',
  singularResource: descriptor.singular,
  verbs,
  ...(descriptor.shortNames.length > 0 ? { shortNames: descriptor.shortNames } : {}),
  ...(descriptor.categories.length > 0 ? { categories: descriptor.categories } : {}),
  ...(subresources.length > 0
    ? {
        subresources: subresources.map(({ name, kind, verbs: subresourceVerbs }) => ({
          subresource: name,
          responseKind: kindOf(kind, isBuiltin ? descriptor.type : undefined),
          verbs: subresourceVerbs,
        })),
      }
    : {}),
})

export const aggregatedDiscovery = (groups: readonly ServedGroup[]) => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: groups.map(({ group, versions }) => ({
    metadata: group ? { name: group } : {},
    versions: versions.map(({ version, resources, stale }) => ({
      version,
      freshness: stale ? 'Stale' : 'Current',
      ...(resources.length > 0 ? { resources: resources.map(resourceOf) } : {}),
    })),
  })),
})
