// May somebody be this user? Each part of the other identity is authorized by itself.
import { domainPrefixedPath } from '../../registry/support/rules.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../../authz/contract.ts'
import type { UserInfo } from '../../request.ts'
import { assertAllowed, denial } from '../authorize.ts'
import { accountOf, nodeOf } from './identity.ts'

export type Authorize = (attributes: AuthorizationAttributes) => AuthorizationDecision

/** As many parts or more are asked for together first. */
const MANY = 4

export interface Way {
  /** `impersonate`, or `impersonate:<mode>`. */
  readonly verb: string
  /** Some that anybody with the plain verb may become are nobody's to become. */
  readonly constrained: boolean
}

const invalidExtra = (key: string, values: readonly string[]): string | undefined => {
  if (key === '') return 'impersonating the empty string key in extra is not allowed'
  const [error] = domainPrefixedPath('extra.key', key)
  if (error) return `impersonating an invalid key in extra is not allowed: ${error.field}: ${error.message}`
  if (values.includes('')) return 'impersonating the empty string value in extra is not allowed'
  return undefined
}

/**
 * @returns the user with the groups that come with the name
 * @throws ApiError 403
 */
export function authorizeUser(requestor: UserInfo, wanted: UserInfo, way: Way, authorize: Authorize): UserInfo {
  const ofUsers = way.constrained ? 'authentication.k8s.io' : ''
  const about = (part: Partial<AuthorizationAttributes>): AuthorizationAttributes => ({
    ...{ isResource: true, verb: way.verb, group: 'authentication.k8s.io', version: 'v1', namespace: '', resource: '' },
    ...{ subresource: '', name: '', path: '', user: requestor },
    ...part,
  })
  const ask = (part: Partial<AuthorizationAttributes>) => assertAllowed(about(part), authorize)
  const allowed = (part: Partial<AuthorizationAttributes>) => authorize(about(part)).decision === 'allow'

  const account = accountOf(wanted.name)
  const node = way.constrained ? nodeOf(wanted.name) : undefined
  if (account) ask({ group: ofUsers, resource: 'serviceaccounts', ...account })
  else if (node !== undefined) ask({ group: ofUsers, resource: 'nodes', name: node })
  else ask({ group: ofUsers, resource: 'users', name: wanted.name })

  if (wanted.uid) ask({ resource: 'uids', name: wanted.uid })
  askForGroups()
  askForExtra()

  const implied = account
    ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
    : node === undefined
      ? []
      : ['system:nodes']
  return withStanding({ ...wanted, groups: wanted.groups.length > 0 ? wanted.groups : implied })

  function askForGroups(): void {
    const { groups } = wanted
    const resource = { group: ofUsers, resource: 'groups' }
    if (way.constrained) {
      if (groups.includes('')) throw denial(about(resource), 'impersonating the empty string group is not allowed')
      if (groups.includes('system:masters'))
        throw denial(
          about({ ...resource, name: 'system:masters' }),
          'impersonating the system:masters group is not allowed',
        )
      if (groups.length >= MANY && allowed({ ...resource, name: '*' })) return
    }
    for (const name of groups) ask({ ...resource, name })
  }

  function askForExtra(): void {
    const entries = Object.entries(wanted.extra ?? {})
    if (way.constrained) {
      for (const [key, values] of entries) {
        const invalid = invalidExtra(key, values)
        if (invalid) throw denial(about({ resource: 'userextras' }), invalid)
      }
      const many = entries.flatMap(([, values]) => values).length >= MANY
      if (many && allowed({ resource: 'userextras', subresource: '*', name: '*' })) return
    }
    for (const [subresource, values] of entries)
      for (const name of values) ask({ resource: 'userextras', subresource, name })
  }
}

/** Everybody is logged in or is not, and is told so by a group. */
function withStanding(user: UserInfo): UserInfo {
  const nobody = user.name === 'system:anonymous'
  const standing = nobody ? 'system:unauthenticated' : 'system:authenticated'
  if (user.groups.includes(standing) || user.groups.includes('system:unauthenticated')) return user
  return { ...user, groups: [...user.groups, standing] }
}
