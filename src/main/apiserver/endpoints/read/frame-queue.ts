// The queue between the store's events and one watcher. What waits in it is shared with the store's own recent past;
// whoever is so far behind that the past has ended is dropped, so that watchers keep nothing alive beyond that,
// however many of them stall.
import type { Frame } from '../../request.ts'

/** Frames handed out at a time: while they are being sent, the first of them counts as waiting. */
const MAX_BATCH = 256

export interface FrameQueueOptions {
  /** What happened at this revision and before is not kept any more. */
  readonly floor: () => number
  /** The watcher fell behind: nothing is queued any more. Called once. */
  readonly onBehind: () => void
}

/** Iterates over batches of what was queued since the last look. */
export class FrameQueue implements AsyncIterable<readonly Frame[]> {
  readonly #options: FrameQueueOptions
  #frames: Frame[] = []
  /** Of the frames, in the same order. */
  #revisions: number[] = []
  /** Of the first frame that was handed out last and may not be sent yet. */
  #underWay: number | undefined
  #ended = false
  #behind = false
  #wake: (() => void) | undefined

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
    this.#wake?.()
  }

  /** @param last a final frame, such as an ERROR */
  end(last?: Frame): void {
    if (this.#ended) return
    if (last) this.#frames.push(last)
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Frame[]> {
    for (;;) {
      if (this.#frames.length > 0) {
        const [first] = this.#revisions.splice(0, MAX_BATCH)
        this.#underWay = first
        yield this.#frames.splice(0, MAX_BATCH)
        this.#underWay = undefined
      } else if (this.#ended) return
      else {
        await new Promise<void>(resolve => (this.#wake = resolve))
        this.#wake = undefined
      }
    }
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
