// How long a daemon pod that failed stays before it is replaced: a kubelet that refuses it would refuse the next one just
// as fast. Nothing at first, then 1 s, 2 s, 4 s … up to 15 min, by node and by what the DaemonSet says.
import type { DaemonSet } from '../../../shared/api/apps/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 900_000

interface Entry {
  readonly delayMs: number
  readonly sinceMs: number
}

export class FailedPods {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns milliseconds to wait; 0 = it is replaced now, and the next one waits longer */
  msToWait({ metadata, status }: DaemonSet, nodeName: string): number {
    const key = `${metadata.uid}/${status.observedGeneration ?? 0}/${nodeName}`
    const now = this.#clock.monotonic()
    const known = this.#entries.get(key)
    const waitMs = known ? known.sinceMs + known.delayMs - now : 0
    if (waitMs > 0) return waitMs
    this.#forgetOld(now)
    const delayMs = this.#entries.has(key) && known ? Math.min(known.delayMs * 2, LONGEST_MS) : FIRST_MS
    this.#entries.set(key, { delayMs, sinceMs: now })
    return 0
  }

  #forgetOld(now: number): void {
    for (const [key, { sinceMs }] of this.#entries) if (now - sinceMs > 2 * LONGEST_MS) this.#entries.delete(key)
  }
}
