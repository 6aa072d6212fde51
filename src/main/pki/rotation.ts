// How authority and keys change without anybody being locked out: the new one is trusted before it signs, the old one
// stays trusted until it is dismissed. Each step takes effect at the next start of the cluster.
//
//   prepare   ca  ca-next*            both are trusted; ca signs; kubeconfigs and nodes learn of both
//   switch    ca-next becomes ca,     ca signs anew: serving, admin and node certificates are renewed
//             ca becomes ca-previous*
//   finish    ca                      only the new one is trusted                                     * trusted only
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'
import { noCluster } from '../data-folder/data-dir.ts'
import { readPem, writePem } from './pem-files.ts'

/** Why a step cannot be taken now. */
export class RotationError extends Error {
  override readonly name = 'CommandError'
}

const folderOf = (dataDir: string) => join(dataDir, 'pki')
const AUTHORITY_DAYS = 3650

/** Certificates of authorities that are trusted besides the one that signs. */
export async function otherAuthorities(folder: string): Promise<string[]> {
  const found = await Promise.all(['ca-next.crt', 'ca-previous.crt'].map(name => readPem(join(folder, name))))
  return found.filter(pem => pem !== undefined)
}

/** A switch that was cut off after the key was replaced is brought to its end. */
export async function finishSwitch(folder: string): Promise<void> {
  const [next, key] = await Promise.all([readPem(join(folder, 'ca-next.crt')), readPem(join(folder, 'ca.key'))])
  if (!next || !key || !new X509Certificate(next).checkPrivateKey(createPrivateKey(key))) return
  await writePem(join(folder, 'ca.crt'), next)
  await rm(join(folder, 'ca-next.key'), { force: true })
  await rm(join(folder, 'ca-next.crt'), { force: true })
}

/** @throws RotationError */
export async function prepareAuthority(dataDir: string, clock: Clock = systemClock): Promise<void> {
  const folder = folderOf(dataDir)
  await requireFile(join(folder, 'ca.crt'), noCluster(dataDir))
  if ((await otherAuthorities(folder)).length > 0)
    throw new RotationError('a rotation is under way already; see: flotilla certs status')
  const { makeAuthority } = await import('./certificates.ts')
  const { certPem, keyPem } = await makeAuthority('flotilla-ca', AUTHORITY_DAYS, clock.now())
  await writePem(join(folder, 'ca-next.key'), keyPem)
  await writePem(join(folder, 'ca-next.crt'), certPem)
}

/** @throws RotationError */
export async function switchAuthority(dataDir: string): Promise<void> {
  const folder = folderOf(dataDir)
  const nextKey = await requireFile(
    join(folder, 'ca-next.key'),
    'no authority is prepared; first: flotilla certs rotate-ca prepare',
  )
  const previous = await requireFile(join(folder, 'ca.crt'), 'the authority is missing')
  await writePem(join(folder, 'ca-previous.crt'), previous)
  await writePem(join(folder, 'ca.key'), nextKey)
  await finishSwitch(folder)
}

/** @throws RotationError */
export async function dismissAuthority(dataDir: string): Promise<void> {
  const path = join(folderOf(dataDir), 'ca-previous.crt')
  await requireFile(path, 'there is no earlier authority; first: flotilla certs rotate-ca switch')
  await rm(path)
}

/** The key signs from the next start on; what the one before has signed stays valid until it is dismissed. */
export async function rotateServiceAccountKey(dataDir: string): Promise<void> {
  const folder = folderOf(dataDir)
  const path = join(folder, 'service-account.key')
  const before = await requireFile(path, noCluster(dataDir))
  if (await previousServiceAccountKey(folder))
    throw new RotationError('the key before is still accepted; dismiss it first with --finish')
  const { newPrivateKeyPem } = await import('./certificates.ts')
  const publicPem = createPublicKey(createPrivateKey(before)).export({ type: 'spki', format: 'pem' }).toString()
  await writePem(join(folder, 'service-account-previous.pub'), publicPem)
  await writePem(path, newPrivateKeyPem())
}

/** @throws RotationError */
export async function dismissServiceAccountKey(dataDir: string): Promise<void> {
  const path = join(folderOf(dataDir), 'service-account-previous.pub')
  await requireFile(path, 'there is no earlier key')
  await rm(path)
}

/** @returns the public key of the one before */
export const previousServiceAccountKey = (folder: string): Promise<string | undefined> =>
  readPem(join(folder, 'service-account-previous.pub'))

/** The admin's certificate is made anew, with a new key, when the folder is opened next. */
export async function forgetAdmin(dataDir: string): Promise<void> {
  const folder = folderOf(dataDir)
  await requireFile(join(folder, 'ca.crt'), noCluster(dataDir))
  await rm(join(folder, 'admin.crt'), { force: true })
}

async function requireFile(path: string, otherwise: string): Promise<string> {
  const text = await readPem(path)
  if (text === undefined) throw new RotationError(otherwise)
  return text
}
