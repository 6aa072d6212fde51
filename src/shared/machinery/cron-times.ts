// The times of a cron expression on the clocks of a time zone. As with upstream's parser, an hour that the clocks leave
// out has no times, and one that they show twice has them twice; croner, which finds them here, knows only clocks that
// are never changed.
import { Cron } from 'croner'
import { ZoneOffsets } from './zone-offsets.ts'

export class CronTimes {
  readonly #cron: Cron
  readonly #zone: ZoneOffsets

  constructor(expression: string, timeZone: string) {
    this.#cron = new Cron(expression, { timezone: 'Etc/UTC', paused: true })
    this.#zone = new ZoneOffsets(timeZone)
  }

  /** The first time after this one. */
  next(afterMs: number): number | undefined {
    for (;;) {
      const offset = this.#zone.at(afterMs)
      const shown = this.#cron.nextRun(new Date(afterMs + offset))?.getTime()
      if (shown === undefined) return undefined
      const changed = this.#zone.firstChange(afterMs, shown - offset)
      if (changed === undefined) return shown - offset
      // The first moment of the new offset is looked at by itself: before it, other clocks were right.
      if (this.#isTime(changed)) return changed
      afterMs = changed
    }
  }

  /** The last time up to this one, if it is after another. */
  last(untilMs: number, afterMs: number): number | undefined {
    for (;;) {
      const offset = this.#zone.at(untilMs)
      const shown = this.#cron.previousRuns(1, new Date(untilMs + 1 + offset))[0]?.getTime()
      const time = shown === undefined ? afterMs : Math.max(shown - offset, afterMs)
      const changed = this.#zone.lastChange(untilMs, time)
      if (changed === undefined) return time > afterMs ? time : undefined
      untilMs = changed - 1
    }
  }

  #isTime(ms: number): boolean {
    return this.#cron.match(new Date(ms + this.#zone.at(ms)))
  }
}
