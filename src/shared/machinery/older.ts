// Of two objects that claim the same, the older one keeps it.
import type { KubeObject } from './object.ts'

/** Orders by age, then by namespace and name. */
export const isOlder = (a: KubeObject, b: KubeObject): number => {
  const [mine, theirs] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.namespace ?? ''}/${metadata.name}`) // prettier-ignore
  return (mine ?? '') < (theirs ?? '') ? -1 : 1
}
