// Names of Events.
import type { Clock } from '../machinery/clock.ts'
import { dns1123Subdomain } from '../machinery/names.ts'

/** @returns names of events about an object: unique among those of one reporter, and no longer than names may be */
export function createEventNames(clock: Clock): (about: string) => string {
  let sequence = 0
  return about => {
    // The time in nanoseconds, the last digits of which are counted.
    const stamp = BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(sequence++ % 1_000_000)
    const name = `${about}.${stamp.toString(16)}`
    return dns1123Subdomain(name).length === 0 ? name : crypto.randomUUID()
  }
}
