// Somebody is invited: a certificate, a role, and a kubeconfig that works from another machine. The command line, the
// desktop app and the window in a browser do it by this.
import { Namespace } from '../api/core/v1.ts'
import type { Client } from '../client/client.ts'
import { type Clock, formatTime } from '../machinery/clock.ts'
import { type ClusterPlace, renderKubeconfig } from '../machinery/kubeconfig.ts'
import { isNotFound } from '../machinery/status.ts'
import { requestCertificate } from './certificate.ts'
import { grant, withdraw } from './grants.ts'
import { InvitationError } from './invitation-error.ts'

export const ROLES = ['view', 'edit', 'admin'] as const
export const MOST_DAYS = 365

export interface Invitation {
  readonly name: string
  readonly role: string
  /** None: everywhere. */
  readonly namespaces: readonly string[]
  /** How long the certificate lives. */
  readonly days: number
}

/** @returns undefined for a name that fits a label and the name of an object, and can pass for no component */
export function nameProblem(name: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9.-]{0,50}[a-z0-9])?$/.test(name) && name !== 'kubernetes-admin') return undefined
  return `a name has small letters, digits, dots and dashes (at most 52), not "${name}"`
}

export const areDays = (days: number): boolean => Number.isInteger(days) && days >= 1 && days <= MOST_DAYS

/**
 * @param place of the cluster, as others reach it
 * @returns the kubeconfig, with a key that is nowhere else. @throws InvitationError with the reason
 */
export async function invite(
  client: Client,
  clock: Clock,
  { name, role, days, namespaces: given }: Invitation,
  place: ClusterPlace & { readonly caPem: string; readonly cluster: string },
): Promise<string> {
  const namespaces = [...new Set(given)]
  for (const each of namespaces)
    await client.get(Namespace, { name: each }).catch((error: unknown) => {
      throw isNotFound(error) ? new InvitationError(`there is no namespace ${each}`) : error
    })
  const identity = await requestCertificate(client, name, days)
  await withdraw(client, name) // invited again: with the new rights only
  const expires = formatTime(clock.now() + days * 86_400_000)
  await grant(client, { user: name, role, namespaces, expires, server: place.server })
  const [only] = namespaces
  return renderKubeconfig({
    ...place,
    name: place.cluster,
    user: name,
    ...identity,
    ...(only !== undefined && namespaces.length === 1 ? { namespace: only } : {}),
  })
}
