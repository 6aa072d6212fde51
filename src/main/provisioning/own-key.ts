// The cluster's own SSH key: what it reconnects with, when nobody is there to type a password. It is added to the
// account that a host was added with, and taken out again when the host is removed.
import { createHash, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { readPem, writePem } from '../pki/pem-files.ts'

export interface OwnKey {
  /** OpenSSH format. */
  readonly privateKey: string
  /** A line for authorized_keys. */
  readonly authorizedLine: string
  /** A line that only leads on, to these endpoints: no program, no terminal. @see sshd(8) */
  doorLine(endpoints: readonly string[]): string
}

/** File name. The key goes wherever the cluster goes, and stays when the authority is replaced. */
export const OWN_KEY = 'id_cluster'

/** Nothing but what the link needs: programs and forwarded ports. */
const OPTIONS = 'no-agent-forwarding,no-X11-forwarding,no-user-rc'

/** @returns hexadecimal digits that tell a cluster from others */
export const clusterIdOf = (ca: string): string => createHash('sha256').update(ca).digest('hex').slice(0, 8)

/**
 * Makes it, if it is not there yet.
 * @param folder made when it is not there; only this user can read it
 * @returns its text
 */
export async function ensureOwnKey(folder: string): Promise<string> {
  const path = join(folder, OWN_KEY)
  const known = await readPem(path)
  if (known !== undefined) return known
  const made = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString()
  await writePem(path, made)
  return made
}

/** @param folder as of `ensureOwnKey` */
export async function openOwnKey(folder: string, clusterId: string): Promise<OwnKey> {
  const path = join(folder, OWN_KEY)
  const privateKey = await ensureOwnKey(folder)
  const { utils } = (await import('ssh2')).default
  const parsed = utils.parseKey(privateKey)
  if (parsed instanceof Error) throw new Error(`${path} is no private key: ${parsed.message}`)
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  const line = `${key.type} ${key.getPublicSSH().toString('base64')} flotilla:${clusterId}`
  return {
    privateKey,
    authorizedLine: `${OPTIONS} ${line}`,
    doorLine: endpoints =>
      `${['restrict', 'port-forwarding', 'command="false"', ...endpoints.map(endpoint => `permitopen="${endpoint}"`)].join(',')} ${line}`,
  }
}
