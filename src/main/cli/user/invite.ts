// `flotilla user invite`: a certificate, a role, and a kubeconfig that works from another machine.
import { Namespace } from '../../../shared/api/core/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { dataDirLayout } from '../../data-dir.ts'
import { readKubeconfig, writeAtomically } from '../../kubeconfig-file.ts'
import { renderKubeconfig } from '../../pki/kubeconfig.ts'
import { CONTEXT_NAME } from '../kubeconfig.ts'
import { connectApi } from '../node/api.ts'
import { reachableUrls } from '../reach.ts'
import { requireRunning } from '../running.ts'
import { CommandError, UsageError } from '../usage-error.ts'
import { grant, withdraw } from './bindings.ts'
import { requestCertificate } from './certificate.ts'

export interface InviteFlags {
  readonly dataDir: string
  readonly role: string
  readonly namespace?: string[]
  readonly days: string
  readonly output?: string
}

const MOST_DAYS = 365

/** Fits a label and the name of an object, and can pass for no component. @throws UsageError */
export function checkUserName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9.-]{0,50}[a-z0-9])?$/.test(name) || name === 'kubernetes-admin')
    throw new UsageError(`a name has small letters, digits, dots and dashes (at most 52), not "${name}"`)
}

export async function invite(name: string, { dataDir, role, namespace = [], ...flags }: InviteFlags): Promise<void> {
  checkUserName(name)
  const days = Number(flags.days)
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
    throw new UsageError(`--days wants a number from 1 to ${MOST_DAYS}, not "${flags.days}"`)
  const { ca, kubernetesServiceIP } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const [server, ...others] = await reachableUrls(requireRunning(dataDir), ca, `a kubeconfig for ${name}`)
  await using api = connectApi(dataDir)
  const { client } = api
  const namespaces = [...new Set(namespace)]
  for (const each of namespaces)
    await client.get(Namespace, { name: each }).catch((error: unknown) => {
      throw isNotFound(error) ? new CommandError(`there is no namespace ${each}`) : error
    })
  const identity = await requestCertificate(client, name, days)
  await withdraw(client, name) // invited again: with the new rights only
  const expires = formatTime(Date.now() + days * 86_400_000)
  await grant(client, { user: name, role, namespaces, expires, server })
  const [only] = namespaces
  const text = renderKubeconfig({
    server,
    others,
    ...(kubernetesServiceIP && { kubernetesServiceIP }),
    caPem: ca,
    name: CONTEXT_NAME,
    user: name,
    ...identity,
    ...(only !== undefined && namespaces.length === 1 ? { namespace: only } : {}),
  })
  if (flags.output === undefined) process.stdout.write(text)
  else writeAtomically(flags.output, text)
  const where = namespaces.length > 0 ? `in ${namespaces.join(', ')}` : 'in every namespace'
  console.error(
    `${name} may ${VERBS[role] ?? role} ${where} for ${days} days, at ${server}. The kubeconfig is a secret: hand it ` +
      `over as one. To end it: flotilla user revoke ${name}`,
  )
}

const VERBS: Readonly<Record<string, string>> = {
  view: 'look at everything but Secrets',
  edit: 'change workloads, Services and configuration',
  admin: 'change everything, roles included,',
}
