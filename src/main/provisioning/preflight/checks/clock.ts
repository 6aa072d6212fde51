// The clock: how far it is from ours, and who sets it.
import { type Check, error, info, warning } from '../contract.ts'
import type { Facts } from '../facts.ts'
import { type Said, say } from '../../say.ts'

const MOST_SKEW_MS = 30_000
/** Certificates are dated five minutes back. */
const TOO_FAR_MS = 240_000

export const clockIsOff = (skewMs: number): boolean => Math.abs(skewMs) > MOST_SKEW_MS

/** Whether joining sets it: not where network time does, as then ours is the one that is off. */
export const clockIsMended = ({ clockSkewMs, timeSync }: Pick<Facts, 'clockSkewMs' | 'timeSync'>): boolean =>
  clockIsOff(clockSkewMs) && timeSync !== 'synced'

const HOW: Readonly<Record<Facts['timeSync'], Said>> = {
  synced: say(
    'The host takes its time from the network: set the clock of this machine right, by turning on its own time synchronisation.',
  ),
  on: say("Its time service reaches no time server (UDP 123). Joining sets the clock once, to this machine's."),
  off: say(
    "Joining turns on time synchronisation; where that reaches no time server, it sets the clock once, to this machine's.",
  ),
  none: say("Joining sets the clock once, to this machine's, and installs a time service where packages can be had."),
}

export const clock: Check = {
  name: 'clock',
  look(facts) {
    const { clockSkewMs, timeSync } = facts
    if (!clockIsOff(clockSkewMs)) return []
    const seconds = Math.abs(Math.round(clockSkewMs / 1000))
    const told = {
      what:
        clockSkewMs > 0
          ? say("The host's clock is {seconds} s ahead of this machine's.", { seconds })
          : say("The host's clock is {seconds} s behind this machine's.", { seconds }),
      why: say('Certificates are valid from a moment on: a clock that is far off makes a node refuse its own.'),
      how: HOW[timeSync],
    }
    if (clockIsMended(facts)) return [info('system/clock', { ...told, fix: 'sync-clock' })]
    return [Math.abs(clockSkewMs) > TOO_FAR_MS ? error('system/clock', told) : warning('system/clock', told)]
  },
}
