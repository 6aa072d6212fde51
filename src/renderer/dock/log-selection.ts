// Those lines of a buffer that pass a test, kept up to date without testing a line twice.
import type { LogBuffer, LogLine } from './log-buffer.ts'

export type LineTest = (line: LogLine) => boolean

export class LogSelection {
  readonly #buffer: LogBuffer
  #test: LineTest | undefined
  #positions: number[] = []
  #tested = 0

  constructor(buffer: LogBuffer) {
    this.#buffer = buffer
  }
  /** @param test undefined = every line passes, and none is looked at */
  use(test: LineTest | undefined): void {
    this.#test = test
    this.#positions = []
    this.#tested = 0
  }
  /** Positions from `from` on hold other lines than before. */
  changed(from: number): void {
    while (this.#positions.length && (this.#positions.at(-1) ?? 0) >= from) this.#positions.pop()
    this.#tested = Math.min(this.#tested, from)
  }
  refresh(): void {
    const { first, end } = this.#buffer
    if (!this.#test) return
    const kept = this.#positions.findIndex(position => position >= first)
    if (kept !== 0) this.#positions = kept < 0 ? [] : this.#positions.slice(kept)
    for (let position = Math.max(first, this.#tested); position < end; position++) {
      const line = this.#buffer.at(position)
      if (line && this.#test(line)) this.#positions.push(position)
    }
    this.#tested = end
  }
  get count(): number {
    return this.#test ? this.#positions.length : this.#buffer.length
  }
  /** @returns the position of the line that stands at `index` among those selected */
  positionAt(index: number): number {
    return this.#test ? (this.#positions[index] ?? -1) : this.#buffer.first + index
  }
  /** @returns how many selected lines stand before `position` */
  indexOf(position: number): number {
    if (!this.#test) return position - this.#buffer.first
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#positions[middle] ?? 0) < position) low = middle + 1
      else high = middle
    }
    return low
  }
}
