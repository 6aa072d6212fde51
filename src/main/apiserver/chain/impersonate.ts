// Impersonation: a user with the right to may act as another. Each part of the other identity is authorized by itself.
import { badRequest } from '../../../shared/machinery/status.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { ApiRequest, UserInfo } from '../request.ts'
import { assertAllowed } from './authorize.ts'

const EXTRA_PREFIX = 'impersonate-extra-'
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

const valuesOf = (header: string | undefined) => (header ?? '').split('\n').filter(text => text !== '')

function extraKey(header: string): string {
  try {
    return decodeURIComponent(header.slice(EXTRA_PREFIX.length)).toLowerCase()
  } catch {
    throw badRequest(`the header ${header} cannot be decoded`)
  }
}

/** Hardly any request does: nothing is taken apart for the others. */
function mayImpersonate(headers: ApiRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

/**
 * @returns the request as the impersonated user, or as it was
 * @throws ApiError 403 when the real user may not impersonate, 400 for headers that contradict each other
 */
export function impersonate(
  request: ApiRequest,
  authorize: (attributes: AuthorizationAttributes) => AuthorizationDecision,
): ApiRequest {
  const { headers } = request
  if (!mayImpersonate(headers)) return request
  // An empty header asks for nobody.
  const name = headers['impersonate-user'] || undefined
  const groups = valuesOf(headers['impersonate-group'])
  const uid = headers['impersonate-uid']
  const extras = Object.keys(headers).filter(header => header.startsWith(EXTRA_PREFIX))
  if (name === undefined) {
    if (groups.length > 0 || uid !== undefined || extras.length > 0)
      throw badRequest('requested impersonation without impersonating a user')
    return request
  }
  const ask = (part: Partial<AuthorizationAttributes>) =>
    assertAllowed(
      {
        isResource: true,
        verb: 'impersonate',
        group: '',
        version: 'v1',
        namespace: '',
        resource: '',
        subresource: '',
        name: '',
        path: '',
        user: request.user,
        ...part,
      },
      authorize,
    )
  const account = SERVICE_ACCOUNT.exec(name)
  if (account) ask({ resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' })
  else ask({ resource: 'users', name })
  for (const group of groups) ask({ resource: 'groups', name: group })
  if (uid !== undefined) ask({ group: 'authentication.k8s.io', resource: 'uids', name: uid })
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const header of extras) {
    const key = extraKey(header)
    const values = valuesOf(headers[header])
    for (const value of values)
      ask({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value })
    extra[key] = values
  }
  const implied = account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`] : []
  const all = groups.length > 0 ? groups : implied
  const standing = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'
  const user: UserInfo = {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: all.includes(standing) ? all : [...all, standing],
    ...(extras.length > 0 ? { extra } : {}),
  }
  return Object.create(request, { user: { value: user, enumerable: true } }) as ApiRequest
}
