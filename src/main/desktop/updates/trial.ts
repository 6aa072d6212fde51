// A version on trial: a small file that the old and the new version both read, and that outlives either.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import * as v from 'valibot'
import { writeAtomically } from '../../data-folder/kubeconfig-file.ts'

const TRIAL = v.object({
  from: v.string(),
  to: v.string(),
  /** The file that was replaced. */
  program: v.string(),
  /**
   * `undecided`: it runs, and what keeps its cluster from running is not its doing. `not-installed`: it never came into
   * place and may be tried again.
   */
  state: v.picklist(['placed', 'starting', 'undecided', 'failed', 'taken-back', 'not-installed']),
  /** Starts that did not become ready. */
  starts: v.number(),
  /** Why it failed or was taken back. */
  reason: v.optional(v.string()),
})

export type Trial = Readonly<v.InferOutput<typeof TRIAL>>

/** A version that was never ready in as many starts goes back by itself, though nobody watches it. */
const MOST_STARTS = 2

export class TrialFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** None is on trial: it was ready, or there was none. A file that cannot be read does not say so. */
  get isOver(): boolean {
    return !existsSync(this.#path)
  }

  /** Undefined: none is on trial, or what the file says cannot be read. */
  get current(): Trial | undefined {
    try {
      return v.parse(TRIAL, JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch {
      return undefined
    }
  }

  set(trial: Trial): void {
    writeAtomically(this.#path, JSON.stringify(trial))
  }

  end(): void {
    rmSync(this.#path, { force: true })
  }

  /**
   * What a version that starts finds about itself.
   * @param program the file that it was started from
   * @returns `on-trial`: it has to show that it gets ready; `go-back`: it had its chances; `came-back`: a newer one was
   * not installed or did not get ready; `settled`: nothing, what an interrupted update left may be removed
   */
  start(version: string, program: string): 'on-trial' | 'go-back' | 'came-back' | 'settled' {
    const trial = this.current
    // The version before lies beside the file that was replaced, and beside no other.
    if (!trial || trial.program !== program) return 'settled'
    const isOver = trial.state === 'taken-back' || trial.state === 'not-installed'
    if (trial.to !== version) return isOver ? 'came-back' : 'settled'
    // Somebody installed it by hand nevertheless.
    if (isOver) return 'settled'
    if (trial.starts >= MOST_STARTS) return 'go-back'
    this.set({ ...trial, state: 'starting', starts: trial.starts + 1 })
    return 'on-trial'
  }
}
