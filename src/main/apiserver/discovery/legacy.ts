// The unaggregated discovery documents: APIVersions, APIGroupList, APIGroup, APIResourceList.
import { createHash } from 'node:crypto'
import type { APIGroup, APIResource, APIResourceList } from '../../../shared/api/meta/v1.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { ServedGroup, ServedVersion } from './served.ts'

/** The same for versions of a kind that are stored alike: eight bytes of a digest of where. */
const storageVersionHash = (storage: string): string =>
  createHash('sha256').update(storage).digest().subarray(0, 8).toString('base64')

export const apiVersions = (serverAddress: string) => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
})

export function apiGroup({ group, versions }: ServedGroup): APIGroup {
  const list = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group, version }), version }))
  const [preferredVersion] = list
  return {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: group,
    versions: list,
    ...(preferredVersion ? { preferredVersion } : {}),
  }
}

export const apiGroupList = (groups: readonly ServedGroup[]) => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groups
    .filter(({ group }) => group !== '')
    .map(apiGroup)
    .map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest),
})

export function apiResourceList(group: string, { version, resources }: ServedVersion): APIResourceList {
  const entries = resources.flatMap(({ descriptor, storage, verbs, subresources }): APIResource[] => {
    const { type, singular, shortNames, categories } = descriptor
    return [
      {
        name: type.plural,
        singularName: singular,
        namespaced: type.namespaced,
        kind: type.kind,
        verbs: [...verbs],
        ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
        ...(categories.length > 0 ? { categories: [...categories] } : {}),
        ...(storage === undefined ? {} : { storageVersionHash: storageVersionHash(storage) }),
      },
      ...subresources.map(subresource => ({
        name: `${type.plural}/${subresource.name}`,
        singularName: '',
        namespaced: type.namespaced,
        // Only a kind of another group or version says which.
        ...(subresource.kind.group !== type.group || subresource.kind.version !== type.version
          ? { group: subresource.kind.group, version: subresource.kind.version }
          : {}),
        kind: subresource.kind.kind,
        verbs: [...subresource.verbs],
      })),
    ]
  })
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: entries,
  }
}
