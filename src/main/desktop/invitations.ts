// Team members are invited here rather than in the page: their key goes from this process into the file that the user
// chose, and nowhere else.
import type { ReachableCluster } from '../../preload/channels.ts'
import { systemClock } from '../../shared/machinery/clock.ts'
import { messageOf } from '../../shared/machinery/message-of.ts'
import type { ClusterPlace } from '../../shared/machinery/kubeconfig.ts'
import { InvitationError } from '../../shared/people/invitation-error.ts'
import { type Invitation, areDays, invite, nameProblem } from '../../shared/people/invite.ts'
import { reachableUrls } from '../addresses/reachable-urls.ts'
import { requireRunning } from '../data-folder/running-server.ts'
import { CONTEXT_NAME, writeAtomically } from '../data-folder/kubeconfig-file.ts'
import type { AskingWindow } from './asking-window.ts'
import { clusterClient } from './clusters/cluster-client.ts'

type Asking = Pick<AskingWindow, 'access' | 'other'>

/** @throws Error, in a sentence, when there is no way in, or none for others */
async function placesOf({ access, other }: Asking, dataDir: string): Promise<[ClusterPlace, ...ClusterPlace[]]> {
  const to = await access.get()
  if (!to) throw new Error('the control plane is not running')
  // Whoever gave us its address gives it to others.
  if (other) return [{ server: to.server }]
  const running = requireRunning(dataDir)
  const [first, ...others] = await reachableUrls(running, to.tls.ca ?? '', 'A kubeconfig for somebody else')
  return [{ server: first, others }, ...others.map(server => ({ server }))]
}

/** Under which addresses others reach the cluster, or why they do not. */
export async function addressesOf(from: Asking, dataDir: string): Promise<ReachableCluster> {
  try {
    return { urls: (await placesOf(from, dataDir)).map(({ server }) => server) }
  } catch (error) {
    return { urls: [], problem: messageOf(error) }
  }
}

export interface InviteInto {
  readonly dataDir: string
  /** Asks the user where the kubeconfig goes; undefined: nowhere. */
  readonly choosePath: (name: string) => Promise<string | undefined>
}

/**
 * @param server one of those that others reach
 * @returns whether somebody was invited: not if the user chose no file. @throws Error, in a sentence
 */
export async function inviteInto(
  from: Asking,
  invitation: Invitation,
  server: string,
  { dataDir, choosePath }: InviteInto,
): Promise<boolean> {
  const problem = nameProblem(invitation.name)
  if (problem) throw new InvitationError(problem)
  if (!areDays(invitation.days)) throw new InvitationError('the certificate lives for 1 to 365 days')
  const place = (await placesOf(from, dataDir)).find(each => each.server === server)
  if (!place) throw new InvitationError(`others do not reach the cluster at ${server}`)
  const caPem = (await from.access.get())?.tls.ca
  if (caPem === undefined) throw new InvitationError('the authority of this cluster is not known')
  const path = await choosePath(`${invitation.name}.kubeconfig`)
  if (path === undefined) return false
  await using cluster = clusterClient(from.access)
  const named = { caPem, cluster: from.other?.name ?? CONTEXT_NAME }
  writeAtomically(path, await invite(cluster.client, systemClock, invitation, { ...place, ...named }))
  return true
}
