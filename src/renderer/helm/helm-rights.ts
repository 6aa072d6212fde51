// What helm needs of the cluster: its own Secrets, and whatever the manifests of a release have it make, change or delete.
// Of an upgrade only what is there already is known: what a newer chart adds, the server refuses.
import { Secret } from '../../shared/api/core/v1.ts'
import type { HelmOperation } from '../../shared/machinery/helm-operation.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { rightsOnAll } from '../access/manifest-rights.ts'
import { type Right, rightTo } from '../access/rights.ts'
import { parseObjects } from '../api/yaml-text.ts'

export interface Manifests {
  /** Of the newest revision. */
  readonly now?: string | undefined
  /** Of the revision that is to come back. */
  readonly then?: string | undefined
}

/** All but what the chart has stay. @see https://helm.sh/docs/howto/charts_tips_and_tricks/ */
const taken = (objects: readonly AnyObject[]) =>
  objects.filter(({ metadata }) => metadata?.annotations?.['helm.sh/resource-policy'] !== 'keep')

function objectsOf(manifest = ''): AnyObject[] {
  try {
    return parseObjects(manifest)
  } catch {
    return []
  }
}

const idOf = ({ apiVersion, kind, metadata }: AnyObject) =>
  [apiVersion.split('/').slice(0, -1).join(), kind, metadata?.namespace, metadata?.name].join(' ')
/** What of these is not among others. */
function without(objects: readonly AnyObject[], others: readonly AnyObject[]): AnyObject[] {
  const known = new Set(others.map(idOf))
  return objects.filter(each => !known.has(idOf(each)))
}

/** What is not known is not asked for. */
export function rightsForHelm(operation: HelmOperation, manifests: Manifests = {}): Right[] {
  const { namespace } = operation
  const onSecrets = (verb: string) => rightTo(verb, Secret, { namespace })
  const all = (verb: string, objects: readonly AnyObject[]) => rightsOnAll(verb, objects, namespace)
  const now = objectsOf(manifests.now)
  if (operation.do === 'uninstall')
    return [onSecrets('update'), ...(operation.keepHistory ? [] : [onSecrets('delete')]), ...all('delete', taken(now))]
  const keeping = [onSecrets('create'), onSecrets('update')]
  if (operation.do === 'upgrade') return [...keeping, ...all('patch', now)]
  if (manifests.then === undefined) return keeping
  const then = objectsOf(manifests.then)
  const back = without(then, now)
  return [
    ...keeping,
    ...all('patch', without(then, back)),
    ...all('create', back),
    ...all('delete', taken(without(now, then))),
  ]
}
