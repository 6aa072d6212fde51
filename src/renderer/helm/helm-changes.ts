// What of a release's objects is made, changed and deleted when one manifest follows another.
import type { AnyObject } from '../../shared/machinery/object.ts'

export interface HelmChanges {
  readonly made: readonly AnyObject[]
  readonly changed: readonly AnyObject[]
  readonly same: readonly AnyObject[]
  readonly gone: readonly AnyObject[]
}

/** All but what the chart has stay. @see https://helm.sh/docs/howto/charts_tips_and_tricks/ */
export const taken = (objects: readonly AnyObject[]): AnyObject[] =>
  objects.filter(({ metadata }) => metadata?.annotations?.['helm.sh/resource-policy'] !== 'keep')

const idOf = ({ apiVersion, kind, metadata }: AnyObject) =>
  [apiVersion.split('/').slice(0, -1).join(), kind, metadata?.namespace, metadata?.name].join(' ')

export function changesOf(now: readonly AnyObject[], then: readonly AnyObject[]): HelmChanges {
  const before = new Map(now.map(object => [idOf(object), JSON.stringify(object)]))
  const after = new Set(then.map(idOf))
  const known = then.filter(object => before.has(idOf(object)))
  const isSame = (object: AnyObject) => before.get(idOf(object)) === JSON.stringify(object)
  return {
    made: then.filter(object => !before.has(idOf(object))),
    changed: known.filter(object => !isSame(object)),
    same: known.filter(isSame),
    gone: taken(now.filter(object => !after.has(idOf(object)))),
  }
}
