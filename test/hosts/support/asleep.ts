// A laptop that sleeps, as its hosts see it: the control plane's process stands still with all its connections open, and
// goes on with a wall clock that is hours later.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Cluster } from '../../e2e/support/cluster.ts'

/**
 * Loaded before the program: what it takes for the time is so much later once it has stood still. It looks then and there:
 * a signal would come after timers that are due, which would see two jumps of the clock instead of one.
 */
const SHIFT = (file: string) => `
import { readFileSync } from 'node:fs'
const Real = Date
let laterMs = 0
let askedMs = performance.now()
const now = () => {
  const atMs = performance.now()
  if (atMs - askedMs > ${STOOD_STILL_MS}) {
    try {
      laterMs = Number(readFileSync(${JSON.stringify(file)}, 'utf8'))
    } catch {} // it has not slept yet
  }
  askedMs = atMs
  return Real.now() + laterMs
}
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static now = now
}
`
const STOOD_STILL_MS = 500

export class Sleeper implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flotilla-asleep-'))
  #laterMs = 0

  /** For `env`, before the program. */
  get environment(): string {
    const module = join(this.#folder, 'shift.mjs')
    writeFileSync(module, SHIFT(join(this.#folder, 'later')))
    return `NODE_OPTIONS=--import=${pathToFileURL(module).href}`
  }

  /**
   * @param meanwhile resolves when those who wait have noticed
   * @returns when it woke, as this machine's clock says
   */
  async sleep({ pid }: Cluster, hours: number, meanwhile: () => Promise<unknown>): Promise<number> {
    process.kill(pid, 'SIGSTOP')
    try {
      await meanwhile()
    } finally {
      this.#laterMs += hours * 3_600_000
      writeFileSync(join(this.#folder, 'later'), String(this.#laterMs))
      process.kill(pid, 'SIGCONT')
    }
    return Date.now()
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
