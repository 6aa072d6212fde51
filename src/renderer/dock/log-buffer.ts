// Lines of logs in a ring: the newest 100,000 are kept, older ones fall out, nothing is ever moved.

export interface LogLine {
  /** Position in the whole stream, from 0; identifies the line. */
  readonly number: number
  readonly source: string
  /** RFC 3339 with nanoseconds, as the kubelet prints it; '' when there is none. */
  readonly time: string
  readonly text: string
}

export const MAX_LINES = 100_000

export class LogBuffer {
  readonly #capacity: number
  readonly #lines: LogLine[] = []
  #first = 0
  #total = 0

  constructor(capacity = MAX_LINES) {
    this.#capacity = capacity
  }
  get length(): number {
    return this.#lines.length
  }
  /** Lines seen, with those that fell out. */
  get total(): number {
    return this.#total
  }
  push(source: string, time: string, text: string): LogLine {
    const line = { number: this.#total++, source, time, text }
    if (this.#lines.length < this.#capacity) this.#lines.push(line)
    else {
      this.#lines[this.#first] = line
      this.#first = (this.#first + 1) % this.#capacity
    }
    return line
  }
  at(index: number): LogLine | undefined {
    return this.#lines[(this.#first + index) % Math.max(1, this.#lines.length)]
  }
  clear(): void {
    this.#lines.length = 0
    this.#first = 0
  }
  *[Symbol.iterator](): Iterator<LogLine> {
    for (let index = 0; index < this.length; index++) {
      const line = this.at(index)
      if (line) yield line
    }
  }
}

/** The kubelet puts the time before each line when it is asked for timestamps. */
export function splitTimestamp(line: string): { time: string; text: string } {
  const space = line.indexOf(' ')
  const time = space > 0 ? line.slice(0, space) : ''
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(time)
    ? { time, text: line.slice(space + 1) }
    : { time: '', text: line }
}

// Colours and cursor movements mean nothing here; the text does.
// eslint would rather have no control characters in patterns, hence the string.
const ESCAPES = new RegExp('\\u001b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007]*(?:\\u0007|\\u001b\\\\)|[@-_])', 'g')
export const stripEscapes = (text: string): string => (text.includes('\u001b') ? text.replace(ESCAPES, '') : text)
