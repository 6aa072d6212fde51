// The clock of a command.
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'

/** A command does nothing but wait: its timers must keep it alive. */
export const patientClock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
