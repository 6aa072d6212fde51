// Takes client certificates back: those that a user has now are refused, those that they get later are good.
import { CertificateRevocation } from '../api/flotilla/v1.ts'
import type { Client } from '../client/client.ts'
import { type Clock, delay, formatTime } from './clock.ts'
import { isAlreadyExists } from './status.ts'

/**
 * Certificates tell whole seconds. So all of the current second's are refused, and this resolves when it is over: the
 * next certificate is good.
 */
export async function revokeCertificates(
  client: Client,
  clock: Clock,
  { userName, reason }: { readonly userName: string; readonly reason: string },
  signal?: AbortSignal,
): Promise<void> {
  const beforeMs = (Math.floor(clock.now() / 1000) + 1) * 1000
  const name = userName.replaceAll(':', '.')
  const spec = { userName, issuedBefore: formatTime(beforeMs), reason }
  const options = signal ? { signal } : {}
  try {
    await client.create(CertificateRevocation, { metadata: { name }, spec }, options)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    await client.patch(CertificateRevocation, { name }, { spec }, { type: 'merge', ...options })
  }
  await delay(clock, Math.max(0, beforeMs - clock.now()), signal)
}

export const revokeNode = (
  client: Client,
  clock: Clock,
  nodeName: string,
  reason: string,
  signal?: AbortSignal,
): Promise<void> => revokeCertificates(client, clock, { userName: `system:node:${nodeName}`, reason }, signal)
