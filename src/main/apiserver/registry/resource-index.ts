// Finds descriptors by what a URL or an ownerReference says.
import type { ResourceDescriptor } from './resource.ts'

export interface ResourceIndex {
  readonly all: readonly ResourceDescriptor[]
  /** By the URL's group, version and plural. */
  byUrl(group: string, version: string, plural: string): ResourceDescriptor | undefined
  byKind(group: string, version: string, kind: string): ResourceDescriptor | undefined
  /** By group and plural, whatever the version: the first one registered. */
  byGroup(group: string, plural: string): ResourceDescriptor | undefined
}

export function indexResources(all: readonly ResourceDescriptor[]): ResourceIndex {
  const urls = new Map<string, ResourceDescriptor>()
  const kinds = new Map<string, ResourceDescriptor>()
  const groups = new Map<string, ResourceDescriptor>()
  for (const resource of all) {
    const { group, version, plural, kind } = resource.type
    urls.set(`${group}/${version}/${plural}`, resource)
    kinds.set(`${group}/${version}/${kind}`, resource)
    if (!groups.has(`${group}/${plural}`)) groups.set(`${group}/${plural}`, resource)
  }
  return {
    all,
    byUrl: (group, version, plural) => urls.get(`${group}/${version}/${plural}`),
    byKind: (group, version, kind) => kinds.get(`${group}/${version}/${kind}`),
    byGroup: (group, plural) => groups.get(`${group}/${plural}`),
  }
}
