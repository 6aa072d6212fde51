// Fields of metadata that hold nothing are not there, for every kind: that is how Go's types read and write them.
import type { AnyObject } from '../../../../shared/machinery/object.ts'

const COLLECTIONS = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const

export function dropEmptyMetadata({ metadata }: AnyObject): void {
  for (const field of COLLECTIONS) {
    const value = metadata[field]
    if (value && Object.keys(value).length === 0) delete metadata[field]
  }
}
