// `flotilla user revoke`: rights and certificates go, and so does what is open.
import { revoke as revokePerson } from '../../../shared/people/revoke.ts'
import { connectApi } from '../../data-folder/api.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError } from '../../process/usage-error.ts'
import { checkUserName } from './invite.ts'

export async function revoke(dataDir: string, name: string): Promise<void> {
  checkUserName(name)
  await using api = connectApi(dataDir)
  const rights = await revokePerson(api.client, patientClock, name, 'flotilla user revoke')
  if (rights === 0) throw new CommandError(`${name} was not invited, or is revoked already; see: flotilla user list`)
  console.log(`${name} is refused from now on; what they had open has ended`)
}
