// PartialObjectMetadata: only type and metadata, for garbage collectors and metadata-only informers.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { MetaVersion } from './negotiate.ts'
import { encodeFrame, lazyFrame, type ListHead, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const encode = (value: unknown) => Buffer.from(encodeJson(value))

export const partialObject = (object: AnyObject, version: MetaVersion = 'v1') => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
})

export function partialRepresentation(resource: ResourceDescriptor, version: MetaVersion = 'v1'): Representation {
  const seen = new WeakMap<Stored, { object: ReturnType<typeof partialObject>; bytes: Buffer }>()
  const partial = (stored: Stored) => {
    let known = seen.get(stored)
    if (!known) {
      const object = partialObject(viewOf(resource, stored), version)
      seen.set(stored, (known = { object, bytes: encode(object) }))
    }
    return known
  }
  const apiVersion = `meta.k8s.io/${version}`
  const listHead = ({ metadata }: ListHead) => ({ kind: 'PartialObjectMetadataList', apiVersion, metadata })
  return {
    contentType: `application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=${version}`,
    one: object => partialObject(object, version),
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
      const marked = partialObject(object, version)
      return lazyFrame('BOOKMARK', marked as AnyObject, () => encodeFrame('BOOKMARK', encode(marked)))
    },
  }
}
