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

/** What ends a line, and the chunk around it. */
const ENDS = Buffer.from('}\n\r\n')
const LINE_END_BYTES = 2

/** A frame whose line is made when somebody first needs it: in-process watches never do. */
class LazyFrame implements Frame {
  readonly type: Frame['type']
  readonly object: AnyObject
  readonly #json: () => Buffer
  #chunk: Buffer | undefined
  /** Where in the chunk the line begins. */
  #lineAt = 0

  constructor(type: Frame['type'], object: AnyObject, json: () => Buffer) {
    this.type = type
    this.object = object
    this.#json = json
  }

  get chunk(): Buffer {
    if (this.#chunk) return this.#chunk
    const object = this.#json()
    const head = `{"type":"${this.type}","object":`
    const size = `${(head.length + object.length + LINE_END_BYTES).toString(16)}\r\n`
    this.#lineAt = size.length
    return (this.#chunk = Buffer.concat([Buffer.from(size + head), object, ENDS]))
  }

  get line(): Buffer {
    const { chunk } = this
    return chunk.subarray(this.#lineAt, chunk.length - ENDS.length + LINE_END_BYTES)
  }
}

/** @param json the object's text */
export const lazyFrame = (type: Frame['type'], object: AnyObject, json: () => Buffer): Frame =>
  new LazyFrame(type, object, json)
