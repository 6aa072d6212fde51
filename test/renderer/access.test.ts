// Who may do what: rules that cover, the matrix over subjects and verbs, and where each mark comes from.
import { describe, expect, it } from 'vitest'
import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding } from '../../src/shared/api/rbac/v1.ts'
import { accessMatrix, grantsOn, identityOf, ruleCovers, ruleText } from '@/access/access.ts'
import { World } from '@/world/world.ts'
import { make } from './support/objects.ts'

const rule = (verbs: string[], resources: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  apiGroups: [''],
  verbs,
  resources,
  ...more,
})
const pods = { group: '', resource: 'pods' }
const user = (name: string) => ({ kind: 'User', name })

const world = new World([
  {
    type: ClusterRole,
    objects: [
      make(ClusterRole, 'view', { rules: [rule(['get', 'list', 'watch'], ['pods'])] } as never),
      make(ClusterRole, 'all', { rules: [rule(['*'], ['*'], { apiGroups: ['*'] })] } as never),
    ],
  },
  {
    type: Role,
    objects: [
      make(Role, 'one', { rules: [rule(['delete'], ['pods'], { resourceNames: ['web-0'] })] } as never, 'shop'),
    ],
  },
  {
    type: ClusterRoleBinding,
    objects: [
      make(ClusterRoleBinding, 'admins', {
        roleRef: { apiGroup: 'g', kind: 'ClusterRole', name: 'all' },
        subjects: [{ kind: 'Group', name: 'system:masters' }],
      } as never),
    ],
  },
  {
    type: RoleBinding,
    objects: [
      make(
        RoleBinding,
        'ada-views',
        { roleRef: { apiGroup: 'g', kind: 'ClusterRole', name: 'view' }, subjects: [user('ada')] } as never,
        'shop',
      ),
      make(
        RoleBinding,
        'ada-deletes-one',
        { roleRef: { apiGroup: 'g', kind: 'Role', name: 'one' }, subjects: [user('ada')] } as never,
        'shop',
      ),
      make(
        RoleBinding,
        'nobody',
        { roleRef: { apiGroup: 'g', kind: 'Role', name: 'gone' }, subjects: [user('eve')] } as never,
        'shop',
      ),
    ],
  },
])

describe('ruleCovers', () => {
  it('knows stars, groups, and subresources by name or behind a star', () => {
    const log = { group: '', resource: 'pods/log' }
    expect(ruleCovers(rule(['get'], ['pods']), pods)).toBe(true)
    expect(ruleCovers(rule(['get'], ['pods']), log)).toBe(false)
    expect(ruleCovers(rule(['get'], ['pods/log']), log)).toBe(true)
    expect(ruleCovers(rule(['get'], ['*/log']), log)).toBe(true)
    expect(ruleCovers(rule(['get'], ['*'], { apiGroups: ['apps'] }), pods)).toBe(false)
    expect(ruleCovers({ verbs: ['get'], nonResourceURLs: ['/healthz'] }, pods)).toBe(false)
  })
})

describe('the matrix', () => {
  const grants = grantsOn(world, pods, ['get', 'delete'])
  const extents = (namespace: string | undefined) =>
    Object.fromEntries(accessMatrix(grants, namespace).map(({ key, extents: found }) => [key, found]))

  it('marks what is given in one namespace as some of all, and as all of that one', () => {
    expect(extents(undefined)).toEqual({
      'User ada': { get: 'some', delete: 'some' },
      'Group system:masters': { get: 'all', delete: 'all' },
    })
    expect(extents('shop')['User ada']).toEqual({ get: 'all', delete: 'some' })
    expect(extents('elsewhere')['User ada']).toBeUndefined()
  })
  it('tells binding, role and rule of each mark, and gives nothing for a role that is gone', () => {
    const [ada] = accessMatrix(grants, 'shop')
    const get = ada?.grants.find(({ verb }) => verb === 'get')
    expect([get?.binding.metadata.name, get?.role.metadata.name]).toEqual(['ada-views', 'view'])
    expect(grants.some(({ subject }) => subject.name === 'eve')).toBe(false)
  })
  it("puts Kubernetes' own subjects last", () =>
    expect(accessMatrix(grants, undefined).map(({ isSystem }) => isSystem)).toEqual([false, true]))
})

describe('a subject', () => {
  it('acts as the user and groups that the server knows it by', () => {
    expect(identityOf({ kind: 'ServiceAccount', name: 'bot', namespace: 'ci' })).toEqual({
      user: 'system:serviceaccount:ci:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
    })
    expect(identityOf({ kind: 'Group', name: 'devs' })).toEqual({ user: '', groups: ['devs'] })
  })
  it('is told its rules in words', () => {
    expect(ruleText(rule(['get'], ['pods'], { resourceNames: ['a'] }))).toBe('pods only a: get')
    expect(ruleText({ verbs: ['get'], nonResourceURLs: ['/metrics'] })).toBe('/metrics: get')
    expect(ruleText(rule(['*'], ['*'], { apiGroups: ['*'] }))).toBe('everything: all verbs')
  })
})
