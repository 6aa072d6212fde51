// `flotilla user list`: who was invited.
import { Lease } from '../../../shared/api/coordination/v1.ts'
import { CertificateRevocation } from '../../../shared/api/flotilla/v1.ts'
import { IDENTITY_NAMESPACE, IDENTITY_SELECTOR, urlsOf } from '../../../shared/machinery/api-server-identity.ts'
import { connectApi } from '../../data-folder/api.ts'
import { requireRunning } from '../../data-folder/running-server.ts'
import { parseOutput } from '../progress.ts'
import { table } from '../table.ts'
import { type Grant, grantsOf } from '../../../shared/people/grants.ts'

export async function list(dataDir: string, output: string): Promise<void> {
  const asJson = parseOutput(output) === 'json'
  await using api = connectApi(dataDir)
  const [grants, revocations, leases] = await Promise.all([
    grantsOf(api.client),
    api.client.list(CertificateRevocation),
    api.client.list(Lease, { namespace: IDENTITY_NAMESPACE, labelSelector: IDENTITY_SELECTOR }),
  ])
  const invited = new Set(grants.map(({ user }) => user))
  const revoked = revocations.items
    .filter(({ spec }) => !spec.userName.startsWith('system:') && !invited.has(spec.userName))
    .map(({ spec }) => ({ user: spec.userName, since: spec.issuedBefore, reason: spec.reason ?? '' }))
  const { url, servers = [] } = requireRunning(dataDir)
  const known = new Set([url, ...servers, ...leases.items.flatMap(urlsOf)])
  /** No API server of the cluster has been there for an hour. */
  const isOutdated = ({ server }: Grant) => server !== undefined && !known.has(server)
  if (asJson) {
    const users = grants.map(grant => ({ ...grant, outdated: isOutdated(grant) }))
    return console.log(JSON.stringify({ users, revoked }, null, 2))
  }
  const rows = [
    ...grants.map(grant => [
      grant.user,
      grant.role,
      grant.namespace ?? '(everywhere)',
      stateOf(grant, isOutdated(grant)),
    ]),
    ...revoked.map(({ user, since }) => [user, '-', '-', `revoked ${since}`]),
  ].toSorted(([a = ''], [b = '']) => a.localeCompare(b))
  console.log(
    rows.length > 0
      ? table([['NAME', 'ROLE', 'NAMESPACE', 'STATE'], ...rows])
      : 'nobody was invited; invite somebody with: flotilla user invite NAME --role view',
  )
}

const stateOf = ({ expires, server }: Grant, outdated: boolean): string => {
  if (Date.parse(expires) <= Date.now()) return `expired ${expires}`
  return `until ${expires}${outdated ? `; invite again: the kubeconfig names ${server}, where this API server is not` : ''}`
}
