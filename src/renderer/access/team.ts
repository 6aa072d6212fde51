// People who are invited and revoked: by the desktop app where there is one, else by this page with the user's rights.
import { CertificateSigningRequest } from '../../shared/api/certificates/v1.ts'
import { Lease } from '../../shared/api/coordination/v1.ts'
import { ConfigMap } from '../../shared/api/core/v1.ts'
import { CertificateRevocation } from '../../shared/api/flotilla/v1.ts'
import { ClusterRoleBinding, RoleBinding } from '../../shared/api/rbac/v1.ts'
import { IDENTITY_NAMESPACE, IDENTITY_SELECTOR, urlsOf } from '../../shared/machinery/api-server-identity.ts'
import { systemClock } from '../../shared/machinery/clock.ts'
import { type Binding, LABEL, grantOf, withdraw } from '../../shared/people/grants.ts'
import type { Invitation } from '../../shared/people/invite.ts'
import type { ReachableCluster } from '../../preload/channels.ts'
import { connection } from '../api/connection.ts'
import { t } from '../i18n/i18n.ts'
import { loaded } from '../lazy/part.ts'
import { saveFile } from '../save-file.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { type Right, rightTo } from './rights.ts'

export interface Member {
  readonly name: string
  readonly role: string
  /** None: everywhere. */
  readonly namespaces: readonly string[]
  readonly expires: string
  readonly server: string | undefined
}

/** @param bindings of anybody. @returns those of invited people, a person once, by name */
export function teamOf(bindings: readonly Binding[]): Member[] {
  const members = new Map<string, Member>()
  for (const binding of bindings) {
    if (!binding.metadata.labels?.[LABEL]) continue
    const { user: name, role, expires, server, namespace } = grantOf(binding)
    const known = members.get(name)?.namespaces ?? []
    members.set(name, { name, role, expires, server, namespaces: [...known, ...(namespace ? [namespace] : [])].sort() })
  }
  return [...members.values()].sort((a, b) => a.name.localeCompare(b.name))
}

const isForOthers = (url: string) =>
  url.startsWith('https://') && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)

/** Where others reach the cluster, best first, or why they do not. */
export async function reachableCluster(page: string = location.origin): Promise<ReachableCluster> {
  if (window.flotilla) return window.flotilla.invoke('people:addresses')
  const query = { namespace: IDENTITY_NAMESPACE, labelSelector: IDENTITY_SELECTOR }
  // Who may not read them still knows where this page came from.
  const leases = await connection.client.list(Lease, query).catch(() => ({ items: [] as readonly Lease[] }))
  const urls = [...new Set([page, ...leases.items.flatMap(urlsOf)])].filter(isForOthers)
  if (urls.length > 0) return { urls }
  return {
    urls,
    problem: t('The API server listens for this machine alone; start it with: flotilla serve --listen 0.0.0.0:6443'),
  }
}

const onBindings = (verb: string, namespaces: readonly string[]): Right[] =>
  namespaces.length > 0
    ? namespaces.map(namespace => rightTo(verb, RoleBinding, { namespace }))
    : [rightTo(verb, ClusterRoleBinding)]

export const rightsToInvite = ({ namespaces }: Pick<Invitation, 'namespaces'>): Right[] => [
  rightTo('create', CertificateSigningRequest),
  rightTo('patch', CertificateSigningRequest, { subresource: 'approval' }),
  {
    verb: 'approve',
    group: CertificateSigningRequest.group,
    resource: 'signers',
    name: 'kubernetes.io/kube-apiserver-client',
  },
  ...[rightTo('list', ClusterRoleBinding), rightTo('list', RoleBinding)],
  ...onBindings('create', namespaces),
]

/** Another Kubernetes takes no certificate back. */
export const canRevokeCertificates = (): boolean =>
  useClusterStore().find(CertificateRevocation.group, CertificateRevocation.version, CertificateRevocation.plural) !==
  undefined

export const rightsToRevoke = ({ namespaces }: Member): Right[] => [
  ...onBindings('delete', namespaces),
  ...(canRevokeCertificates() ? [rightTo('create', CertificateRevocation)] : []),
]

/** @returns false when the user chose no file for the kubeconfig. @throws Error with the reason */
export async function inviteMember(invitation: Invitation, server: string): Promise<boolean> {
  if (window.flotilla) return window.flotilla.invoke('people:invite', invitation, server)
  const { client } = connection
  const [{ invite }, { data = {} }] = await Promise.all([
    loaded(() => import('../../shared/people/invite.ts')),
    client.get(ConfigMap, { namespace: 'default', name: 'kube-root-ca.crt' }),
  ])
  const place = { server, caPem: data['ca.crt'] ?? '', cluster: 'flotilla' }
  const text = await invite(client, systemClock, invitation, place)
  saveFile(`${invitation.name}.kubeconfig`, new Blob([text], { type: 'application/yaml' }))
  return true
}

/** @throws ApiError */
export async function revokeMember(name: string): Promise<void> {
  const { client } = connection
  if (!canRevokeCertificates()) return void (await withdraw(client, name))
  const { revoke } = await loaded(() => import('../../shared/people/revoke.ts'))
  await revoke(client, systemClock, name, 'revoked in the window')
}
