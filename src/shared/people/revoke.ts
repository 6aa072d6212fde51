// Rights and certificates of somebody who was invited go, and so does what they have open.
import type { Client } from '../client/client.ts'
import type { Clock } from '../machinery/clock.ts'
import { revokeCertificates } from '../machinery/revoke-certificates.ts'
import { withdraw } from './grants.ts'

/** @returns how many rights there were: none is somebody who was not invited, of whom nothing is revoked */
export async function revoke(client: Client, clock: Clock, name: string, reason: string): Promise<number> {
  const rights = await withdraw(client, name)
  if (rights > 0) await revokeCertificates(client, clock, { userName: name, reason })
  return rights
}
