// The deprecated paths that watch without a parameter; clients that are made out of the documents call them.
import type { ResourceDescriptor } from '../registry/resource.ts'
import { type Gvk, operation, WATCHED_BODIES } from './operation.ts'
import { LIST, parameterReference, type ParameterTexts, pathParameter, PRETTY } from './parameters.ts'
import type { Dialect, JsonSchema } from './type-schemas.ts'

/**
 * @param within the names of the group and its version, as ids of operations begin
 * @param root the path of the resource, in all namespaces
 * @param collection its path in one of them, or the same
 * @returns path → path item
 */
export function watchPaths(
  { type, verbs, custom }: ResourceDescriptor,
  { within, tag, root, collection }: { within: string; tag: string; root: string; collection: string },
  dialect: Dialect,
  texts: ParameterTexts,
): Record<string, JsonSchema> {
  if (custom || !verbs.includes('watch')) return {}
  const { group, version, kind, namespaced } = type
  const gvk: Gvk = { group, version, kind }
  const watched = (path: string) => path.replace(/^(\/api|\/apis\/[^/]+)\/([^/]+)\//, '$1/$2/watch/')
  const item = (id: string, action: string, parameters: readonly JsonSchema[]): JsonSchema => ({
    get: operation(
      { id, action, gvk, parameters: [], answer: 'meta.v1.WatchEvent', produces: WATCHED_BODIES, codes: [200] },
      ...([tag, dialect, texts] as const),
    ),
    parameters: [...parameters, ...[...LIST, PRETTY].map(each => parameterReference(each, dialect, texts))],
  })
  const namespace = namespaced ? [pathParameter('namespace', 'The namespace of the object.', dialect)] : []
  const name = pathParameter('name', `The name of the ${kind}.`, dialect)
  const scoped = `watch${within}${namespaced ? 'Namespaced' : ''}${kind}`
  return {
    ...(namespaced ? { [watched(root)]: item(`watch${within}${kind}ListForAllNamespaces`, 'watchlist', []) } : {}),
    [watched(collection)]: item(`${scoped}List`, 'watchlist', namespace),
    [watched(`${collection}/{name}`)]: item(scoped, 'watch', [name, ...namespace]),
  }
}
