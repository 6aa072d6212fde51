// PartialObjectMetadata: only type and metadata, for garbage collectors and metadata-only informers.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import { viewOf } from '../keys.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { MetaVersion } from './negotiate.ts'
import { lazyFrame, type ListHead, type Representation } from './representation.ts'
import { joinItems } from './slices.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const encode = (value: unknown) => Buffer.from(encodeJson(value))

export const partialObject = (object: AnyObject, version: MetaVersion = 'v1'): AnyObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
})

/** Of each kind, the JSON of its objects' metadata. It goes when they go. */
const encoded = { v1: new WeakMap<ResourceDescriptor, Encoded>(), v1beta1: new WeakMap<ResourceDescriptor, Encoded>() }
type Encoded = WeakMap<Stored, Buffer>

/** @returns what gives an object's metadata as JSON: encoded once for lists, watches and the rows of tables */
export function partialJson(resource: ResourceDescriptor, version: MetaVersion): (stored: Stored) => Buffer {
  const known = encoded[version].get(resource) ?? new WeakMap<Stored, Buffer>()
  encoded[version].set(resource, known)
  return stored => {
    let bytes = known.get(stored)
    if (!bytes) known.set(stored, (bytes = encode(partialObject(viewOf(resource, stored), version))))
    return bytes
  }
}

export function partialRepresentation(resource: ResourceDescriptor, version: MetaVersion = 'v1'): Representation {
  const json = partialJson(resource, version)
  const objects = new WeakMap<Stored, AnyObject>()
  // The same one each time: what it is encoded to as protobuf is kept by it.
  const partial = (stored: Stored): AnyObject => {
    let object = objects.get(stored)
    if (!object) objects.set(stored, (object = partialObject(viewOf(resource, stored), version)))
    return object
  }
  const apiVersion = `meta.k8s.io/${version}`
  const listHead = ({ metadata }: ListHead) => ({ kind: 'PartialObjectMetadataList', apiVersion, metadata })
  return {
    contentType: `application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=${version}`,
    one: object => partialObject(object, version),
    list: head => ({ ...listHead(head), items: head.items.map(partial) }),
    json: head => joinItems(`${JSON.stringify(listHead(head)).slice(0, -1)},"items":[`, head.items, json, ']}\n'),
    frame: (type, stored) => lazyFrame(type, partial(stored), () => json(stored)),
    bookmark: object => {
      const marked = partialObject(object, version)
      return lazyFrame('BOOKMARK', marked, () => encode(marked))
    },
  }
}
