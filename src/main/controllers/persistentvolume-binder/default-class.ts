// The class of claims that name none.
import type { StorageClass } from '../../../shared/api/storage/v1.ts'

const MARKS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

/** @returns the newest of the classes that are marked as default; of equally old ones the first by name */
export function defaultStorageClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const marked = classes.filter(({ metadata }) => MARKS.some(key => metadata.annotations?.[key] === 'true'))
  return marked.sort(
    ({ metadata: a }, { metadata: b }) =>
      b.creationTimestamp.localeCompare(a.creationTimestamp) || a.name.localeCompare(b.name),
  )[0]
}
