// Tells how far long work is: a bar on a terminal, a line of JSON an event for programs, nothing otherwise.
import type { Progress } from '../store/operations/progress.ts'
import { UsageError } from '../process/usage-error.ts'

export type OutputFormat = 'text' | 'json'

/** @throws UsageError */
export function parseOutput(text: string): OutputFormat {
  if (text === 'text' || text === 'json') return text
  throw new UsageError(`--output wants text or json, not "${text}"`)
}

const BAR_WIDTH = 30
/** More often than this nobody looks. */
const EVERY_MS = 100

export class ProgressReport {
  readonly #format: OutputFormat
  readonly #terminal: NodeJS.WriteStream
  #toldMs = -Infinity
  #phase = ''
  #shown = false

  constructor(format: OutputFormat, terminal: NodeJS.WriteStream = process.stderr) {
    this.#format = format
    this.#terminal = terminal
  }

  tell(progress: Progress): void {
    const now = performance.now()
    const finished = progress.done === progress.total
    if (progress.phase === this.#phase && !finished && now - this.#toldMs < EVERY_MS) return
    this.#toldMs = now
    this.#phase = progress.phase
    if (this.#format === 'json') return console.log(JSON.stringify({ type: 'progress', ...progress }))
    if (!this.#terminal.isTTY) return
    this.#terminal.write(`\r\x1b[K${barOf(progress)}`)
    this.#shown = true
  }

  /** @param text for people; programs get the result */
  end(result: object, text: string): void {
    this.clear()
    console.log(this.#format === 'json' ? JSON.stringify({ type: 'result', ...result }) : text)
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#shown) this.#terminal.write('\r\x1b[K')
    this.#shown = false
  }
}

function barOf({ phase, done, total }: Progress): string {
  if (total === undefined) return `${phase} ${done}`
  const part = total === 0 ? 1 : done / total
  const filled = Math.round(part * BAR_WIDTH)
  return `${phase} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(part * 100)} % (${done}/${total})`
}

export function showBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`
  return `${bytes} B`
}
