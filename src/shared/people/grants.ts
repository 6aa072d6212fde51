// The role bindings of invited people: one for the whole cluster or one a namespace, found again by a label.
import { ClusterRoleBinding, RoleBinding } from '../api/rbac/v1.ts'
import type { Client } from '../client/client.ts'

/** On the bindings of somebody who was invited: who. */
export const LABEL = 'flotilla.dev/invited-user'
const EXPIRES = 'flotilla.dev/certificate-expires'
const SERVER = 'flotilla.dev/kubeconfig-server'
const GROUP = 'rbac.authorization.k8s.io'

export interface Grant {
  readonly user: string
  readonly role: string
  /** Undefined: everywhere. */
  readonly namespace: string | undefined
  readonly since: string
  /** When the newest certificate ends. */
  readonly expires: string
  /** The URL that the kubeconfig was made for; undefined for those of older versions. */
  readonly server: string | undefined
}

export type Binding = ClusterRoleBinding | RoleBinding

/** @param user default: everybody's */
async function bindingsOf(client: Client, user?: string): Promise<Binding[]> {
  const labelSelector = user === undefined ? LABEL : `${LABEL}=${user}`
  const [cluster, namespaced] = await Promise.all([
    client.list(ClusterRoleBinding, { labelSelector }),
    client.list(RoleBinding, { labelSelector }),
  ])
  return [...cluster.items, ...namespaced.items]
}

export async function grantsOf(client: Client, user?: string): Promise<Grant[]> {
  return (await bindingsOf(client, user)).map(grantOf)
}

export const grantOf = ({ metadata, roleRef }: Binding): Grant => ({
  user: metadata.labels?.[LABEL] ?? '',
  role: roleRef.name,
  namespace: metadata.namespace,
  since: metadata.creationTimestamp,
  expires: metadata.annotations?.[EXPIRES] ?? '',
  server: metadata.annotations?.[SERVER],
})

/** @param namespaces none = everywhere */
export async function grant(
  client: Client,
  wanted: Pick<Grant, 'user' | 'role' | 'expires'> & { namespaces: readonly string[]; server: string },
): Promise<void> {
  const { user, role, namespaces, expires, server } = wanted
  const metadata = {
    name: `flotilla:user:${user}`,
    labels: { [LABEL]: user },
    annotations: { [EXPIRES]: expires, [SERVER]: server },
  }
  const binding = {
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
  }
  if (namespaces.length === 0) await client.create(ClusterRoleBinding, { metadata, ...binding })
  for (const namespace of namespaces) await client.create(RoleBinding, { metadata: { ...metadata, namespace }, ...binding }) // prettier-ignore
}

/** @returns how many there were */
export async function withdraw(client: Client, user: string): Promise<number> {
  const bindings = await bindingsOf(client, user)
  for (const { metadata } of bindings)
    await client.delete(metadata.namespace === undefined ? ClusterRoleBinding : RoleBinding, metadata)
  return bindings.length
}
