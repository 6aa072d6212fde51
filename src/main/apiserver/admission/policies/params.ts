// The objects that a binding gives its policy as parameters.
import type { ParamKind, ParamRef } from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { AdmissionServer } from '../contract.ts'
import { matcherOf } from '../matching/selectors.ts'

/** A policy or binding that cannot be put to work. */
export class ConfigurationError extends Error {}

/**
 * @returns one entry for each evaluation; undefined stands for "without parameters"
 * @throws ConfigurationError
 */
export function collectParams(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  namespace: string,
  server: AdmissionServer,
): readonly (AnyObject | undefined)[] {
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
  const found = ref.name
    ? server.find(resource, { namespace: within, name: ref.name })
      ? [server.get(resource, { namespace: within, name: ref.name })]
      : []
    : server
        .list(resource, within === '' ? undefined : within)
        .filter(({ metadata }) => ref.selector !== undefined && matcherOf(ref.selector).matches(metadata.labels))
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  return found
}
