// The bounded queue between the store's events and one watcher.
import type { Frame } from '../../request.ts'

/** About 100 bytes each besides the shared object: a stalled watcher costs little before it is ended. */
const MAX_QUEUED = 16_384

/** Iterates over batches: everything queued since the last look. */
export class FrameQueue implements AsyncIterable<readonly Frame[]> {
  private queued: Frame[] = []
  private ended = false
  private wake: (() => void) | undefined

  /** A full queue ends the watch after what is already queued. */
  push(frame: Frame): void {
    if (this.ended) return
    if (this.queued.length >= MAX_QUEUED) return this.end()
    this.queued.push(frame)
    this.wake?.()
  }

  /** @param last a final frame, such as an ERROR */
  end(last?: Frame): void {
    if (this.ended) return
    if (last) this.queued.push(last)
    this.ended = true
    this.wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Frame[]> {
    for (;;) {
      if (this.queued.length > 0) {
        const batch = this.queued
        this.queued = []
        yield batch
      } else if (this.ended) return
      else {
        await new Promise<void>(resolve => (this.wake = resolve))
        this.wake = undefined
      }
    }
  }
}
