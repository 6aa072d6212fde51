// Lines of several logs in the order of their times: the newest 100,000 are kept, older ones fall out.
// A line is named by its position in everything that was ever kept, which stays the same while others fall out.

export interface LogLine {
  readonly source: string
  /** RFC 3339 with nanoseconds, as the kubelet prints it; '' when there is none. */
  readonly time: string
  readonly text: string
}

export const MAX_LINES = 100_000

/** Sorts as the times do: the kubelet leaves out zeros at the end of a second's fraction. */
export const timeOrder = (time: string): string => (time.endsWith('Z') ? time.slice(0, -1) : time)

const isLater = (a: LogLine, b: LogLine) => timeOrder(a.time) > timeOrder(b.time)

export class LogBuffer {
  readonly #capacity: number
  #lines: LogLine[] = []
  /** Index of the first line that still counts; those before it are thrown away together, now and then. */
  #start = 0
  /** Position of `#lines[0]`. */
  #base = 0

  constructor(capacity = MAX_LINES) {
    this.#capacity = capacity
  }
  /** Position of the oldest line. */
  get first(): number {
    return this.#base + this.#start
  }
  /** The position after the newest line. */
  get end(): number {
    return this.#base + this.#lines.length
  }
  get length(): number {
    return this.#lines.length - this.#start
  }
  at(position: number): LogLine | undefined {
    return position < this.first ? undefined : this.#lines[position - this.#base]
  }
  /**
   * Puts lines where their times say; lines of one source stay in their order.
   * @returns the first position that holds another line than before
   */
  add(lines: readonly LogLine[]): number {
    const added = [...lines].sort((a, b) => (isLater(a, b) ? 1 : isLater(b, a) ? -1 : 0))
    const [earliest] = added
    if (!earliest) return this.end
    let at = this.#lines.length
    for (
      let last = this.#lines[at - 1];
      at > this.#start && last && isLater(last, earliest);
      last = this.#lines[at - 1]
    )
      at--
    const changed = this.#base + at
    const tail = this.#lines.splice(at)
    let from = 0
    for (const line of added) {
      for (let old = tail[from]; old && !isLater(old, line); old = tail[++from]) this.#lines.push(old)
      this.#lines.push(line)
    }
    for (let old = tail[from]; old; old = tail[++from]) this.#lines.push(old)
    this.#start = Math.max(this.#start, this.#lines.length - this.#capacity)
    if (this.#start > this.#capacity / 4) {
      this.#lines = this.#lines.slice(this.#start)
      this.#base += this.#start
      this.#start = 0
    }
    return changed
  }
  clear(): void {
    this.#base = this.end
    this.#lines = []
    this.#start = 0
  }
  *[Symbol.iterator](): Iterator<LogLine> {
    for (let index = this.#start; index < this.#lines.length; index++) {
      const line = this.#lines[index]
      if (line) yield line
    }
  }
}
