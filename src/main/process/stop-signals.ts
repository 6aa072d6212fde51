// What asks this process to stop from outside: a terminal that is closed or where Ctrl-C is pressed, a service manager, a
// person.
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'

/**
 * One request comes several times where it is given to a whole group of processes, some of which hand it on, as npm and
 * `npm start` do: what comes this soon after the first is no second request.
 */
const SAME_REQUEST_MS = 1_000

/**
 * @param first is called once
 * @param again when whoever asks does not want to wait for what the first one began
 * @returns a function that stops listening
 */
export function onStopSignal(
  first: (signal: NodeJS.Signals) => void,
  again: () => void,
  clock: Clock = systemClock,
): () => void {
  let askedMs: number | undefined
  const hear = (signal: NodeJS.Signals) => {
    if (askedMs === undefined) {
      askedMs = clock.monotonic()
      first(signal)
    } else if (clock.monotonic() - askedMs > SAME_REQUEST_MS) again()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, hear)
  return () => {
    for (const signal of signals) process.off(signal, hear)
  }
}
