// Objects as they are. Encoded objects and frames come out of caches that every client shares.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { ObjectStore, Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import { listKindOf, type ResourceDescriptor } from '../registry/resource.ts'
import type { Frame } from '../request.ts'
import { encodeFrame, lazyFrame, type ListHead, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value))

export function fullRepresentation(resource: ResourceDescriptor, store: ObjectStore): Representation {
  const converted = new WeakMap<Stored, Buffer>()
  const frames = new WeakMap<Stored, Partial<Record<string, Frame>>>()

  const json = (stored: Stored): Buffer => {
    if (!resource.fromStorage) return store.json(stored)
    let bytes = converted.get(stored)
    if (!bytes) converted.set(stored, (bytes = encode(viewOf(resource, stored))))
    return bytes
  }
  const listHead = ({ metadata }: ListHead) => ({
    kind: listKindOf(resource),
    apiVersion: apiVersionOf(resource.type),
    metadata,
  })

  return {
    contentType: 'application/json',
    one: object => object,
    list: head => ({ ...listHead(head), items: head.items.map(stored => viewOf(resource, stored)) }),
    json: head => joinItems(`${JSON.stringify(listHead(head)).slice(0, -1)},"items":[`, head.items, json, ']}\n'),
    frame(eventType, stored) {
      let known = frames.get(stored)
      if (!known) frames.set(stored, (known = {}))
      return (known[eventType] ??= lazyFrame(eventType, viewOf(resource, stored), () =>
        encodeFrame(eventType, json(stored)),
      ))
    },
    bookmark: (object: AnyObject) => lazyFrame('BOOKMARK', object, () => encodeFrame('BOOKMARK', encode(object))),
  }
}
