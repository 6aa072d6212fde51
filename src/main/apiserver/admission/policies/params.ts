// The objects that a binding gives its policy as parameters.
import type { ParamKind, ParamRef } from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import { prefixOf, prepareViews, viewOf } from '../../keys.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import { matcherOf } from '../matching/selectors.ts'

/** A policy or binding that cannot be put to work. */
export class ConfigurationError extends Error {}

/**
 * @returns one entry for each evaluation; undefined stands for "without parameters"
 * @throws ConfigurationError, or ApiError when a webhook fails to convert them
 */
export async function collectParams(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  namespace: string,
  server: ServerView,
  store: ObjectStore,
): Promise<readonly (AnyObject | undefined)[]> {
  if (!kind || !ref) return [undefined]
  const [group = '', version = ''] = kind.apiVersion?.includes('/')
    ? kind.apiVersion.split('/')
    : ['', kind.apiVersion ?? '']
  const resource = server.resources.byKind(group, version, kind.kind ?? '')
  if (!resource || resource.virtual)
    throw new ConfigurationError(
      `failed to find resource referenced by paramKind: '${kind.apiVersion ?? ''}, Kind=${kind.kind ?? ''}'`,
    )
  const { namespaced } = resource.type
  if (ref.namespace && !namespaced)
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  const within = namespaced ? ref.namespace || namespace : ''
  if (namespaced && within === '')
    throw new ConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    )
  const named = ref.name ? server.find(resource, { namespace: within, name: ref.name }) : undefined
  const stored = ref.name ? (named ? [named] : []) : store.list(prefixOf(resource, within)).items
  const { selector } = ref
  const wanted = stored.filter(
    ({ object }) => ref.name || (selector !== undefined && matcherOf(selector).matches(object.metadata.labels)),
  )
  await prepareViews(resource, wanted)
  const found = wanted.map(item => viewOf(resource, item))
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  return found
}
