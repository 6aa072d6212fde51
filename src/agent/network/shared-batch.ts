// Work of many pods in few processes: lines for `ip -batch` that come while one runs go into the next one together.
import { type Run, ToolError } from './exec.ts'
import { ipBatch } from './ip.ts'

/** Who waits for a process waits for all in it. */
const MOST_AT_ONCE = 16

interface Waiting {
  readonly lines: readonly string[]
  resolve(): void
  reject(error: unknown): void
}

export class SharedBatch {
  readonly #run: Run
  #waiting: Waiting[] = []
  #isRunning = false

  constructor(run: Run) {
    this.#run = run
  }

  /**
   * Runs the lines in order, stopping at the first of them that fails; lines of others do not stop them.
   * @throws ToolError as `ipBatch`
   */
  run(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lines, resolve, reject })
      if (!this.#isRunning) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) await this.#once(this.#waiting.splice(0, MOST_AT_ONCE))
    this.#isRunning = false
  }

  async #once(batch: readonly Waiting[]): Promise<void> {
    try {
      await ipBatch(
        this.#run,
        batch.flatMap(({ lines }) => lines),
      )
      for (const { resolve } of batch) resolve()
    } catch (error) {
      this.#failed(batch, error)
    }
  }

  /** Those before the line that failed are done, those behind it have not begun. */
  #failed(batch: readonly Waiting[], error: unknown): void {
    let left = failedLine(error)
    if (left === undefined) {
      for (const { reject } of batch) reject(error)
      return
    }
    const failed = batch.findIndex(({ lines }) => (left = (left ?? 0) - lines.length) <= 0)
    for (const [i, waiting] of batch.entries()) {
      if (i < failed) waiting.resolve()
      else if (i === failed) waiting.reject(error)
    }
    this.#waiting.unshift(...batch.slice(failed + 1))
  }
}

/** @returns the number of the line of a batch that failed, from 1, which `ip` tells last */
function failedLine(error: unknown): number | undefined {
  if (!(error instanceof ToolError)) return undefined
  const [, line] = /Command failed -:(\d+)\s*$/.exec(error.stderr) ?? []
  return line === undefined ? undefined : Number(line)
}
