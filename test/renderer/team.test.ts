// People who were invited, as their bindings tell; and where a page says that others reach the cluster.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { ClusterRoleBinding, RoleBinding } from '../../src/shared/api/rbac/v1.ts'
import { SERVERS_ANNOTATION } from '../../src/shared/machinery/api-server-identity.ts'
import { reachableCluster, rightsToInvite, teamOf } from '@/access/team.ts'
import { connection } from '@/api/connection.ts'
import { make } from './support/objects.ts'

afterEach(() => void vi.restoreAllMocks())

describe('a team', () => {
  const bound = (user: string, role: string) => ({
    metadata: {
      labels: { 'flotilla.dev/invited-user': user },
      annotations: { 'flotilla.dev/certificate-expires': '2027-01-01T00:00:00Z' },
    },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  })
  it('has everybody once, with all of their namespaces, and nobody who was not invited', () => {
    const everywhere = make(ClusterRoleBinding, 'flotilla:user:grace', bound('grace', 'admin'))
    const inShop = make(RoleBinding, 'flotilla:user:ada', bound('ada', 'view'))
    const inBlog = make(RoleBinding, 'flotilla:user:ada', bound('ada', 'view'))
    const others = make(ClusterRoleBinding, 'system:node', { roleRef: bound('', 'x').roleRef })
    const placed = (binding: RoleBinding, namespace: string) => ({
      ...binding,
      metadata: { ...binding.metadata, namespace },
    })
    expect(teamOf([everywhere, others, placed(inShop, 'shop'), placed(inBlog, 'blog')])).toMatchObject([
      { name: 'ada', role: 'view', namespaces: ['blog', 'shop'], expires: '2027-01-01T00:00:00Z' },
      { name: 'grace', role: 'admin', namespaces: [] },
    ])
  })
})

describe('where others reach the cluster', () => {
  const lease = make(Lease, 'apiserver-1', {
    metadata: { annotations: { [SERVERS_ANNOTATION]: '["https://10.0.0.5:6443","https://127.0.0.1:6443"]' } },
  })
  const listing = (items: Lease[]) =>
    vi.spyOn(connection.client, 'list').mockResolvedValue({ items, resourceVersion: '1' } as never)

  it("is the page's own address, and what the API servers tell of themselves", async () => {
    listing([lease])
    expect(await reachableCluster('https://box.example:6443')).toEqual({
      urls: ['https://box.example:6443', 'https://10.0.0.5:6443'],
    })
  })
  it('is nowhere while it only listens for this machine, with what would help', async () => {
    listing([])
    for (const page of ['https://127.0.0.1:6443', 'https://localhost:6443', 'https://[::1]:6443', 'http://box:6443'])
      expect(await reachableCluster(page)).toEqual({
        urls: [],
        problem: expect.stringContaining('--listen 0.0.0.0:6443') as unknown,
      })
  })
  it('is what this page knows by itself for who may not read of the API servers', async () => {
    vi.spyOn(connection.client, 'list').mockRejectedValue(new Error('forbidden'))
    expect((await reachableCluster('https://box.example')).urls).toEqual(['https://box.example'])
  })
})

it('inviting takes certificates and the bindings where they are to be', () => {
  const told = (namespaces: string[]) =>
    rightsToInvite({ namespaces }).map(({ verb, resource, namespace = '' }) =>
      `${verb} ${resource} ${namespace}`.trim(),
    )
  expect(told([])).toEqual([
    'create certificatesigningrequests',
    'patch certificatesigningrequests/approval',
    'approve signers',
    'list clusterrolebindings',
    'list rolebindings',
    'create clusterrolebindings',
  ])
  expect(told(['a', 'b']).slice(-2)).toEqual(['create rolebindings a', 'create rolebindings b'])
})
