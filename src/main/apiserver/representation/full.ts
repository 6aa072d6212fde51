// Objects as they are. Encoded objects and frames come out of caches that every client shares.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { ObjectStore, Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import { listKindOf, type ResourceDescriptor } from '../registry/resource.ts'
import type { Frame } from '../request.ts'
import { lazyFrame, type ListHead, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const encode = (value: unknown) => Buffer.from(encodeJson(value))

export function fullRepresentation(resource: ResourceDescriptor, store: ObjectStore): Representation {
  const converted = new WeakMap<Stored, Buffer>()
  const frames = new WeakMap<Stored, Partial<Record<string, Frame>>>()

  const json = (stored: Stored): Buffer => {
    if (!resource.fromStorage) return store.json(stored)
    let bytes = converted.get(stored)
    if (!bytes) converted.set(stored, (bytes = encode(viewOf(resource, stored))))
    return bytes
  }
  // What the list says once, items of built-in kinds leave out; custom resources are answered as they are.
  const { kind } = resource.type
  const apiVersion = apiVersionOf(resource.type)
  const heads = [
    { kind, apiVersion },
    { apiVersion, kind },
  ].map(head => Buffer.from(`${JSON.stringify(head).slice(0, -1)},`))
  const untyped = (stored: Stored): Buffer => {
    const bytes = json(stored)
    for (const head of heads)
      if (bytes.compare(head, 0, head.length, 0, head.length) === 0) return bytes.subarray(head.length)
    const { kind: _, apiVersion: __, ...rest } = viewOf(resource, stored)
    return encode(rest).subarray(1)
  }
  const listHead = ({ metadata }: ListHead) => ({ kind: listKindOf(resource), apiVersion, metadata })

  return {
    contentType: 'application/json',
    one: object => object,
    list: head => ({ ...listHead(head), items: head.items.map(stored => viewOf(resource, stored)) }),
    json(list) {
      const start = `${JSON.stringify(listHead(list)).slice(0, -1)},"items":[`
      return resource.custom
        ? joinItems(start, list.items, json, ']}\n')
        : joinItems(start, list.items, untyped, ']}\n', '{')
    },
    frame(eventType, stored) {
      let known = frames.get(stored)
      if (!known) frames.set(stored, (known = {}))
      return (known[eventType] ??= lazyFrame(eventType, viewOf(resource, stored), () => json(stored)))
    },
    bookmark: (object: AnyObject) => lazyFrame('BOOKMARK', object, () => encode(object)),
  }
}
