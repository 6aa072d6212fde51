// PartialObjectMetadata: only type and metadata, for garbage collectors and metadata-only informers.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { encodeFrame, lazyFrame, type ListHead, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'

const META = 'meta.k8s.io/v1'
const encode = (value: unknown) => Buffer.from(JSON.stringify(value))

export const partialObject = (object: AnyObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: META,
  metadata: object.metadata,
})

export function partialRepresentation(resource: ResourceDescriptor): Representation {
  const seen = new WeakMap<Stored, { object: ReturnType<typeof partialObject>; bytes: Buffer }>()
  const partial = (stored: Stored) => {
    let known = seen.get(stored)
    if (!known) {
      const object = partialObject(viewOf(resource, stored))
      seen.set(stored, (known = { object, bytes: encode(object) }))
    }
    return known
  }
  const listHead = ({ metadata }: ListHead) => ({ kind: 'PartialObjectMetadataList', apiVersion: META, metadata })
  return {
    contentType: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    one: partialObject,
    list: head => ({ ...listHead(head), items: head.items.map(stored => partial(stored).object) }),
    json: head =>
      joinItems(
        `${JSON.stringify(listHead(head)).slice(0, -1)},"items":[`,
        head.items,
        stored => partial(stored).bytes,
        ']}\n',
      ),
    frame(type, stored) {
      const { object, bytes } = partial(stored)
      return lazyFrame(type, object as AnyObject, () => encodeFrame(type, bytes))
    },
    bookmark: object => {
      const marked = partialObject(object)
      return lazyFrame('BOOKMARK', marked as AnyObject, () => encodeFrame('BOOKMARK', encode(marked)))
    },
  }
}
