// `flotilla user revoke`: rights and certificates go, and so does what is open.
import { revokeCertificates } from '../../pki/revoke.ts'
import { connectApi } from '../node/api.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError } from '../usage-error.ts'
import { withdraw } from './bindings.ts'
import { checkUserName } from './invite.ts'

export async function revoke(dataDir: string, name: string): Promise<void> {
  checkUserName(name)
  await using api = connectApi(dataDir)
  const rights = await withdraw(api.client, name)
  if (rights === 0) throw new CommandError(`${name} was not invited, or is revoked already; see: flotilla user list`)
  await revokeCertificates(api.client, patientClock, { userName: name, reason: 'flotilla user revoke' })
  console.log(`${name} is refused from now on; what they had open has ended`)
}
