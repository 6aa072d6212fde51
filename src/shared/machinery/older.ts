// Which of two objects is the older one: it keeps what both claim, and comes first.
import type { KubeObject } from './object.ts'

/** Orders by age, then by namespace and name. */
export const isOlder = (a: KubeObject, b: KubeObject): number => {
  const [mine, theirs] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.namespace ?? ''}/${metadata.name}`) // prettier-ignore
  return (mine ?? '') < (theirs ?? '') ? -1 : 1
}

/**
 * Orders objects that are worked off one after the other by when they were made. Of the same second (timestamps tell no
 * more) the one that was written last comes last: resource versions can be compared.
 */
export const byCreation = ({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number =>
  a.creationTimestamp.localeCompare(b.creationTimestamp) || Number(a.resourceVersion) - Number(b.resourceVersion)

/** @returns whether `a` was written after `b`, of the same object; what cannot be compared is not */
export const isNewer = ({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean =>
  Number(a.resourceVersion) > Number(b.resourceVersion)
