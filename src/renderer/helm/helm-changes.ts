// What of a release's objects is made, changed and deleted when one manifest follows another.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { parseObjects } from '../api/yaml-text.ts'

export interface HelmChanges {
  readonly made: readonly AnyObject[]
  readonly changed: readonly AnyObject[]
  readonly same: readonly AnyObject[]
  readonly gone: readonly AnyObject[]
}

/** All but what the chart has stay. @see https://helm.sh/docs/howto/charts_tips_and_tricks/ */
export const taken = (objects: readonly AnyObject[]): AnyObject[] =>
  objects.filter(({ metadata }) => metadata?.annotations?.['helm.sh/resource-policy'] !== 'keep')

/** What is shown of a release, and which rights it takes, ask the same manifests again and again; of megabytes each takes seconds. */
const MOST_READ = 4
const read = new Map<string, readonly AnyObject[]>()

/** None of a text that cannot be read: helm tells why. */
export function objectsOf(manifest = ''): readonly AnyObject[] {
  let objects = read.get(manifest)
  if (objects) return objects
  try {
    objects = parseObjects(manifest)
  } catch {
    objects = []
  }
  read.set(manifest, objects)
  const [oldest] = read.keys()
  if (read.size > MOST_READ && oldest !== undefined) read.delete(oldest)
  return objects
}

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
