// Finds descriptors by what a URL or an ownerReference says. Those of custom resources come and go.
import type { ResourceDescriptor } from './resource.ts'

export interface ResourceIndex {
  /** Another array whenever what is served changes. */
  readonly all: readonly ResourceDescriptor[]
  /** By the URL's group, version and plural. */
  byUrl(group: string, version: string, plural: string): ResourceDescriptor | undefined
  byKind(group: string, version: string, kind: string): ResourceDescriptor | undefined
  /** By group and plural, whatever the version: the first one registered. */
  byGroup(group: string, plural: string): ResourceDescriptor | undefined
}

export interface DynamicResourceIndex extends ResourceIndex {
  /** Replaces the descriptors of custom resources. A version of a group that is built in has none of them. */
  setCustom(resources: readonly ResourceDescriptor[]): void
  /** Calls whenever what is served has changed. */
  onChange(listener: () => void): void
}

function mapsOf(all: readonly ResourceDescriptor[]) {
  const urls = new Map<string, ResourceDescriptor>()
  const kinds = new Map<string, ResourceDescriptor>()
  const groups = new Map<string, ResourceDescriptor>()
  for (const resource of all) {
    const { group, version, plural, kind } = resource.type
    urls.set(`${group}/${version}/${plural}`, resource)
    kinds.set(`${group}/${version}/${kind}`, resource)
    if (!groups.has(`${group}/${plural}`)) groups.set(`${group}/${plural}`, resource)
  }
  return { urls, kinds, groups }
}

export function indexResources(builtin: readonly ResourceDescriptor[]): DynamicResourceIndex {
  const fixed = mapsOf(builtin)
  const versions = new Set(builtin.map(({ type }) => `${type.group}/${type.version}`))
  let custom = mapsOf([])
  let all = builtin
  let before: readonly ResourceDescriptor[] = []
  const listeners: (() => void)[] = []
  return {
    get all() {
      return all
    },
    byUrl(group, version, plural) {
      const key = `${group}/${version}/${plural}`
      return fixed.urls.get(key) ?? custom.urls.get(key)
    },
    byKind(group, version, kind) {
      const key = `${group}/${version}/${kind}`
      return fixed.kinds.get(key) ?? custom.kinds.get(key)
    },
    byGroup(group, plural) {
      const key = `${group}/${plural}`
      return fixed.groups.get(key) ?? custom.groups.get(key)
    },
    setCustom(resources) {
      if (resources.length === before.length && resources.every((resource, i) => resource === before[i])) return
      before = resources
      const own = resources.filter(({ type }) => !versions.has(`${type.group}/${type.version}`))
      custom = mapsOf(own)
      all = [...builtin, ...own]
      for (const listener of listeners) listener()
    },
    onChange: listener => void listeners.push(listener),
  }
}
