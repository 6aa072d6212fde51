// The clock of a command.
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'

/** A command does nothing but wait: its timers must keep it alive. */
export const patientClock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    const stop = new AbortController()
    pause(delayMs, undefined, { signal: stop.signal }).then(run, () => undefined)
    return () => stop.abort()
  },
}
