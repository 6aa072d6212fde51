// The queue between the store's events and one watcher. What waits in it is shared with the store's own recent past;
// whoever is so far behind that the past has ended is dropped, so that watchers keep nothing alive beyond that,
// however many of them stall.
//
// An iterator, not a generator: that would cost every event of every watcher several promises.
import type { Frame } from '../../request.ts'

/** Frames handed out at a time: while they are being sent, the first of them counts as waiting. */
const MAX_BATCH = 256

export interface FrameQueueOptions {
  /** What happened at this revision and before is not kept any more. */
  readonly floor: () => number
  /** The watcher fell behind: nothing is queued any more. Called once. */
  readonly onBehind: () => void
  /** The end was told. */
  readonly onOver: () => void
}

type Batch = IteratorResult<readonly Frame[], undefined>

/** Iterates over batches of what was queued since the last look. */
export class FrameQueue implements AsyncIterableIterator<readonly Frame[], undefined> {
  readonly #options: FrameQueueOptions
  #frames: Frame[] = []
  /** Of the frames, in the same order. */
  #revisions: number[] = []
  /** Of the first frame that was handed out last and may not be sent yet. */
  #underWay: number | undefined
  #ended = false
  #behind = false
  /** Of whoever waits for the next batch. */
  #wake: () => void = () => undefined

  constructor(options: FrameQueueOptions) {
    this.#options = options
  }

  /** Also after the end: a watcher that does not take what is left falls behind like any other. */
  push(frame: Frame, revision: number): void {
    const oldest = this.#underWay ?? this.#revisions[0]
    if (oldest !== undefined && oldest <= this.#options.floor()) return this.#drop()
    if (this.#ended) return
    this.#frames.push(frame)
    this.#revisions.push(revision)
    this.#wake()
  }

  /** @param last a final frame, such as an ERROR */
  end(last?: Frame): void {
    if (this.#ended) return
    if (last) this.#frames.push(last)
    this.#ended = true
    this.#wake()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Whoever asks for more has sent what it got before. */
  next(): Promise<Batch> {
    this.#underWay = undefined
    if (this.#frames.length > 0 || this.#ended) return Promise.resolve(this.#take())
    // Once all is there that the step brings which wakes.
    return new Promise<void>(resolve => (this.#wake = resolve)).then(() => this.#take())
  }

  #take(): Batch {
    if (this.#frames.length === 0) {
      this.#options.onOver()
      return { done: true, value: undefined }
    }
    this.#underWay = this.#revisions[0]
    if (this.#frames.length > MAX_BATCH) {
      this.#revisions.splice(0, MAX_BATCH)
      return { done: false, value: this.#frames.splice(0, MAX_BATCH) }
    }
    const value = this.#frames
    this.#frames = []
    this.#revisions = []
    return { done: false, value }
  }

  #drop(): void {
    if (this.#behind) return
    this.#behind = true
    this.#frames = []
    this.#revisions = []
    this.#options.onBehind()
    this.end()
  }
}
