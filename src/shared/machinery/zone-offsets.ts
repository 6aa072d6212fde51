// What the clocks of a time zone show: how far they are from UTC, and when that changes.

const HOUR_MS = 3_600_000
/** Clocks are never changed twice within so short a time. */
const STEP_MS = 7 * 24 * HOUR_MS

export class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError for a zone that is not known */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  }

  /** Milliseconds that the clocks are ahead of UTC. */
  at(ms: number): number {
    const name = this.#format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign, hours = 0, minutes = 0, seconds = 0] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?/.exec(name) ?? []
    const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
    return sign === '-' ? -size : size
  }

  /** @returns the first millisecond of the next offset after a time, up to another; undefined when there is none */
  firstChange(afterMs: number, untilMs: number): number | undefined {
    for (let low = afterMs; low < untilMs; low += STEP_MS) {
      const high = Math.min(low + STEP_MS, untilMs)
      if (this.at(low) !== this.at(high)) return this.#between(low, high)
    }
    return undefined
  }

  /** @returns the first millisecond of the offset at a time, if it began after another; undefined otherwise */
  lastChange(beforeMs: number, fromMs: number): number | undefined {
    for (let high = beforeMs; high > fromMs; high -= STEP_MS) {
      const low = Math.max(high - STEP_MS, fromMs)
      if (this.at(low) !== this.at(high)) return this.#between(low, high)
    }
    return undefined
  }

  #between(low: number, high: number): number {
    const before = this.at(low)
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle) === before) low = middle
      else high = middle
    }
    return high
  }
}
