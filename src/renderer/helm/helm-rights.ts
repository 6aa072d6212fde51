// What helm needs of the cluster: its own Secrets, and to take a release away, every object of it.
// What an upgrade or a rollback changes is known only once helm compares: there the server refuses.
import { Secret } from '../../shared/api/core/v1.ts'
import type { HelmOperation } from '../../shared/machinery/helm-operation.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { rightsOnAll } from '../access/manifest-rights.ts'
import { type Right, rightTo } from '../access/rights.ts'
import { parseObjects } from '../api/yaml-text.ts'

/** The chart has it stay when its release goes. @see https://helm.sh/docs/howto/charts_tips_and_tricks/ */
const isKept = ({ metadata }: AnyObject) => metadata?.annotations?.['helm.sh/resource-policy'] === 'keep'

function objectsOf(manifest: string): AnyObject[] {
  try {
    return parseObjects(manifest)
  } catch {
    return []
  }
}

/** @param manifest of the newest revision, where it is known */
export function rightsForHelm(operation: HelmOperation, manifest = ''): Right[] {
  const { namespace } = operation
  const onSecrets = (verb: string) => rightTo(verb, Secret, { namespace })
  if (operation.do !== 'uninstall') return [onSecrets('create'), onSecrets('update')]
  const going = objectsOf(manifest).filter(object => !isKept(object))
  return [
    onSecrets('update'),
    ...(operation.keepHistory ? [] : [onSecrets('delete')]),
    ...rightsOnAll('delete', going, namespace),
  ]
}
