// `flotilla user invite`: a certificate, a role, and a kubeconfig that works from another machine.
import { systemClock } from '../../../shared/machinery/clock.ts'
import { InvitationError } from '../../../shared/people/invitation-error.ts'
import { MOST_DAYS, areDays, invite as invitePerson, nameProblem } from '../../../shared/people/invite.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { CONTEXT_NAME, readKubeconfig, writeAtomically } from '../../data-folder/kubeconfig-file.ts'
import { connectApi } from '../../data-folder/api.ts'
import { reachableUrls } from '../../addresses/reachable-urls.ts'
import { requireRunning } from '../../data-folder/running-server.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'

export interface InviteFlags {
  readonly dataDir: string
  readonly role: string
  readonly namespace?: string[]
  readonly days: string
  readonly output?: string
}

/** @throws UsageError */
export function checkUserName(name: string): void {
  const problem = nameProblem(name)
  if (problem) throw new UsageError(problem)
}

export async function invite(name: string, { dataDir, role, namespace = [], ...flags }: InviteFlags): Promise<void> {
  checkUserName(name)
  const days = Number(flags.days)
  if (!areDays(days)) throw new UsageError(`--days wants a number from 1 to ${MOST_DAYS}, not "${flags.days}"`)
  const { ca, kubernetesServiceIP } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const [server, ...others] = await reachableUrls(requireRunning(dataDir), ca, `a kubeconfig for ${name}`)
  await using api = connectApi(dataDir)
  const invitation = { name, role, days, namespaces: [...new Set(namespace)] }
  const place = { server, others, ...(kubernetesServiceIP && { kubernetesServiceIP }) }
  const text = await invitePerson(api.client, systemClock, invitation, { ...place, caPem: ca, cluster: CONTEXT_NAME }).catch(asCommandError) // prettier-ignore
  if (flags.output === undefined) process.stdout.write(text)
  else writeAtomically(flags.output, text)
  const where = namespace.length > 0 ? `in ${invitation.namespaces.join(', ')}` : 'in every namespace'
  console.error(
    `${name} may ${VERBS[role] ?? role} ${where} for ${days} days, at ${server}. The kubeconfig is a secret: hand it ` +
      `over as one. To end it: flotilla user revoke ${name}`,
  )
}

function asCommandError(error: unknown): never {
  throw error instanceof InvitationError ? new CommandError(error.message) : error
}

const VERBS: Readonly<Record<string, string>> = {
  view: 'look at everything but Secrets',
  edit: 'change workloads, Services and configuration',
  admin: 'change everything, roles included,',
}
