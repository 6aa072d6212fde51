// How a client asked to see objects: whole, metadata only, or as table rows. Lists and watch frames go through one of
// these; what several clients share is encoded once.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ListMeta } from '../../../shared/api/meta/v1.ts'
import type { Stored, StoreEventType } from '../../store/contract.ts'
import type { Frame } from '../request.ts'

export interface ListHead {
  readonly metadata: ListMeta
  readonly items: readonly Stored[]
}

export interface Representation {
  /** Media type of the answer. */
  readonly contentType: string
  /** One object, as the answer to get and writes. */
  one(object: AnyObject): unknown
  /** A whole list as one value, for answers that are not JSON bytes. */
  list(head: ListHead): unknown
  /** The list as JSON, in slices that leave the event loop alone. */
  json(head: ListHead): AsyncIterable<Buffer>
  /** @param first whether this is the watch's first event */
  frame(type: StoreEventType, stored: Stored, first: boolean): Frame
  /** BOOKMARK frames. */
  bookmark(object: AnyObject): Frame
}

export const encodeFrame = (type: string, object: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, LINE_END])

const LINE_END = Buffer.from('}\n')

/** A frame whose line is made when somebody first needs it: in-process watches never do. */
class LazyFrame implements Frame {
  readonly type: Frame['type']
  readonly object: AnyObject
  readonly #encode: () => Buffer
  #line: Buffer | undefined

  constructor(type: Frame['type'], object: AnyObject, encode: () => Buffer) {
    this.type = type
    this.object = object
    this.#encode = encode
  }

  get line(): Buffer {
    return (this.#line ??= this.#encode())
  }
}

export const lazyFrame = (type: Frame['type'], object: AnyObject, encode: () => Buffer): Frame =>
  new LazyFrame(type, object, encode)
