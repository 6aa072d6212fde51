// A bootstrap token for one machine: fifteen minutes at most, a hash of it is all that is stored, and it goes as soon as
// the node has its certificate.
import { createHash, randomInt } from 'node:crypto'
import { Secret } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import {
  BOOTSTRAP_TOKEN_TYPE,
  SINGLE_USE,
  TOKEN_SECRET_HASH,
  bootstrapTokenSecretName,
} from '../../../shared/machinery/bootstrap-token.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const LIFE_MS = 15 * 60_000
const NAMESPACE = 'kube-system'
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

const random = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)] ?? 'a').join('')

export interface BootstrapToken {
  /** `<id>.<secret>` */
  readonly token: string
  /** When nobody can use it any more. */
  readonly expiresAtMs: number
  /** Nobody can use it any more. */
  revoke(): Promise<void>
}

/** @param description what it is for, shown to people */
export async function issueBootstrapToken(client: Client, clock: Clock, description: string): Promise<BootstrapToken> {
  const [id, secret] = [random(6), random(16)]
  const name = bootstrapTokenSecretName(id)
  const expiresAtMs = clock.now() + LIFE_MS
  const fields = {
    'token-id': id,
    [TOKEN_SECRET_HASH]: createHash('sha256').update(secret).digest('hex'),
    description,
    expiration: formatTime(expiresAtMs),
    'usage-bootstrap-authentication': 'true',
  }
  await client.create(Secret, {
    metadata: { namespace: NAMESPACE, name, annotations: { [SINGLE_USE]: 'true' } },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  })
  return {
    token: `${id}.${secret}`,
    expiresAtMs,
    revoke: () =>
      client.delete(Secret, { namespace: NAMESPACE, name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error // the cleaner was faster
      }),
  }
}
