// What helm needs of the cluster: its own Secrets, and whatever the manifests of a release have it make, change or delete.
// What a newer chart adds is known once helm was asked for its manifest.
import { Namespace, Secret } from '../../shared/api/core/v1.ts'
import type { HelmOperation } from '../../shared/machinery/helm-operation.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { rightsOnAll } from '../access/manifest-rights.ts'
import { type Right, rightTo } from '../access/rights.ts'
import { changesOf, taken } from './helm-changes.ts'
import { objectsOf } from './manifests.ts'

export interface Manifests {
  /** Of the newest revision. */
  readonly now?: string | undefined
  /** Of the revision that is to come. */
  readonly then?: string | undefined
  /** What runs beside it, and goes before it is made again. */
  readonly hooks?: string | undefined
}

/** What is not known is not asked for. */
export function rightsForHelm(operation: HelmOperation, manifests: Manifests = {}): Right[] {
  const { namespace } = operation
  const onSecrets = (verb: string) => rightTo(verb, Secret, { namespace })
  const all = (verb: string, objects: readonly AnyObject[]) => rightsOnAll(verb, objects, namespace)
  const now = objectsOf(manifests.now) ?? []
  if (operation.do === 'uninstall')
    return [onSecrets('update'), ...(operation.keepHistory ? [] : [onSecrets('delete')]), ...all('delete', taken(now))]
  const hooks = objectsOf(manifests.hooks) ?? []
  const keeping = [
    ...(operation.do === 'upgrade' && operation.createNamespace ? [rightTo('create', Namespace)] : []),
    ...[onSecrets('create'), onSecrets('update')],
    ...[...all('create', hooks), ...all('delete', hooks)],
  ]
  const then = manifests.then === undefined ? undefined : objectsOf(manifests.then)
  if (!then) return operation.do === 'upgrade' ? [...keeping, ...all('patch', now)] : keeping
  const { made, changed, same, gone } = changesOf(now, then)
  return [...keeping, ...all('patch', [...changed, ...same]), ...all('create', made), ...all('delete', gone)]
}
