// `flotilla user revoke`: rights and certificates go, and so does what is open.
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { revokeCertificates } from '../../pki/revoke.ts'
import { connectApi } from '../node/api.ts'
import { CommandError } from '../usage-error.ts'
import { withdraw } from './bindings.ts'
import { checkUserName } from './invite.ts'

/** A command does nothing but wait: its timers must keep it alive. */
const patientClock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    const stop = new AbortController()
    pause(delayMs, undefined, { signal: stop.signal }).then(run, () => undefined)
    return () => stop.abort()
  },
}

export async function revoke(dataDir: string, name: string): Promise<void> {
  checkUserName(name)
  await using api = connectApi(dataDir)
  const rights = await withdraw(api.client, name)
  if (rights === 0) throw new CommandError(`${name} was not invited, or is revoked already; see: flotilla user list`)
  await revokeCertificates(api.client, patientClock, { userName: name, reason: 'flotilla user revoke' })
  console.log(`${name} is refused from now on; what they had open has ended`)
}
