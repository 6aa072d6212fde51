// Who is asking: the first method that recognises its credentials decides.
import { ApiError, unauthorized } from '../../../shared/machinery/status.ts'
import type { UserInfo } from '../request.ts'

/** What authentication can look at. */
export interface Credentials {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly method: string
  readonly path: string
  readonly isUpgrade: boolean
  /** The verified client certificate's user, if there is one. */
  readonly certificateUser: UserInfo | undefined
  /** Whether there is a client certificate, but not one that says who it is. */
  readonly certificateRejected?: boolean
  /** What the audit log is to note of them is added here. */
  readonly annotations?: Record<string, string>
}

export interface AuthenticationMethod {
  readonly name: string
  /**
   * @returns the user, or undefined when these credentials are not of this method's kind
   * @throws ApiError 401 or 403 for credentials that are and are wrong
   */
  authenticate(credentials: Credentials): Promise<UserInfo | undefined> | UserInfo | undefined
}

export interface AnonymousSettings {
  readonly enabled: boolean
  /** The only paths that need no log-in; absent = whatever roles allow. */
  readonly paths?: readonly string[]
}

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Everybody who proved who they are is in `system:authenticated`. */
export function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes('system:authenticated')
    ? user
    : { ...user, groups: [...user.groups, 'system:authenticated'] }
}

/** The bearer token of an Authorization header. */
export function bearerToken(headers: Credentials['headers']): string | undefined {
  const header = headers.authorization
  if (header === undefined || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  return header.slice(7).trim()
}

/** @throws ApiError 403 when a browser says that a page of another origin asks; other programs say nothing */
export function assertNotForeignPage(headers: Credentials['headers']): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new ApiError(403, 'Forbidden', `requests from another site are refused (${site})`)
}

export interface Authenticator {
  /**
   * @returns the user, at once where the certificate says it
   * @throws ApiError 401 for credentials that are wrong; no credentials at all are the anonymous user
   */
  authenticate(credentials: Credentials): UserInfo | Promise<UserInfo>
}

export function createAuthenticator(
  methods: readonly AuthenticationMethod[],
  anonymous: AnonymousSettings = { enabled: true },
): Authenticator {
  const mayBeAnonymous = (path: string) => anonymous.enabled && (anonymous.paths?.includes(path) ?? true)
  async function byMethods(credentials: Credentials): Promise<UserInfo> {
    for (const method of methods) {
      const user = await method.authenticate(credentials)
      if (user) return authenticated(user)
    }
    // Wrong credentials must not become an anonymous request that happens to be allowed.
    if (credentials.headers.authorization !== undefined || credentials.certificateRejected) throw unauthorized()
    if (!mayBeAnonymous(credentials.path)) throw unauthorized()
    return ANONYMOUS
  }
  return {
    authenticate(credentials) {
      if (!credentials.certificateUser) return byMethods(credentials)
      // A browser sends its certificate with whatever page asks, like a cookie.
      assertNotForeignPage(credentials.headers)
      return authenticated(credentials.certificateUser)
    },
  }
}
