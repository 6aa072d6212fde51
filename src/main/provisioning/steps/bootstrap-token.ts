// A bootstrap token for one join: fifteen minutes at most, taken away as soon as the node has its certificate.
import { randomInt } from 'node:crypto'
import { Secret } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { BOOTSTRAP_TOKEN_TYPE, bootstrapTokenSecretName } from '../../../shared/machinery/bootstrap-token.ts'
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
  /** Nobody can use it any more. */
  revoke(): Promise<void>
}

/** @param description what it is for, shown to people */
export async function issueBootstrapToken(client: Client, clock: Clock, description: string): Promise<BootstrapToken> {
  const [id, secret] = [random(6), random(16)]
  const name = bootstrapTokenSecretName(id)
  const fields = {
    'token-id': id,
    'token-secret': secret,
    description,
    expiration: formatTime(clock.now() + LIFE_MS),
    'usage-bootstrap-authentication': 'true',
  }
  await client.create(Secret, {
    metadata: { namespace: NAMESPACE, name },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  })
  return {
    token: `${id}.${secret}`,
    revoke: () =>
      client.delete(Secret, { namespace: NAMESPACE, name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error // the cleaner was faster
      }),
  }
}
