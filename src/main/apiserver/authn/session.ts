// The window's login: a one-time token becomes a session cookie of a named user.
//
// The cookie is ambient: the browser adds it to whatever page asks. So a request that it authenticates must come from
// our own origin (Origin and Sec-Fetch-Site say so), a write must carry a header that no foreign page can set without
// a preflight that we never answer, and an upgrade, which knows no preflight, must carry our own Origin.
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { UserInfo } from '../request.ts'
import { assertNotForeignPage, type AuthenticationMethod, type Credentials } from './authenticator.ts'

const LOGIN_TOKEN_LIFE_MS = 5 * 60_000
const SESSION_LIFE_MS = 7 * 24 * 3_600_000
const MAX_SESSIONS = 1024
/** `__Host-`: only over TLS, for this host only, for every path; no other host can set or shadow it. */
export const SESSION_COOKIE = '__Host-flotilla-session'
export const CSRF_HEADER = 'x-flotilla-csrf'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64url')
const secret = () => randomBytes(32).toString('base64url')

interface Lease {
  readonly user: UserInfo
  readonly endsAtMs: number
}

export function cookieOf(headers: Credentials['headers'], name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

const refuse = (why: string) => new ApiError(403, 'Forbidden', why)

/** @throws ApiError 403 when a page of another origin is behind the request */
export function assertOwnOrigin(credentials: Pick<Credentials, 'headers' | 'isUpgrade'>): void {
  const { origin, host } = credentials.headers
  assertNotForeignPage(credentials.headers)
  if (origin !== undefined ? origin !== `https://${host ?? ''}` : credentials.isUpgrade)
    throw refuse(`the origin ${JSON.stringify(origin ?? '')} may not use this session`)
}

export class Sessions implements AuthenticationMethod {
  readonly name = 'session'
  private readonly clock: Clock
  private readonly logins = new Map<string, Lease>()
  private readonly sessions = new Map<string, Lease>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** @returns a token that opens one session within five minutes */
  issueLoginToken(user: UserInfo): string {
    this.sweep(this.logins)
    const token = secret()
    this.logins.set(digest(token), { user, endsAtMs: this.clock.now() + LOGIN_TOKEN_LIFE_MS })
    return token
  }

  /** Uses the token up. @returns the session's cookie value, or undefined when the token is unknown, used or too old */
  login(token: string): { readonly cookie: string; readonly user: UserInfo } | undefined {
    const key = digest(token)
    const lease = this.logins.get(key)
    this.logins.delete(key)
    if (!lease || lease.endsAtMs <= this.clock.now()) return undefined
    this.sweep(this.sessions)
    const cookie = secret()
    this.sessions.set(digest(cookie), { user: lease.user, endsAtMs: this.clock.now() + SESSION_LIFE_MS })
    return { cookie, user: lease.user }
  }

  logout(headers: Credentials['headers']): void {
    const cookie = cookieOf(headers, SESSION_COOKIE)
    if (cookie !== undefined) this.sessions.delete(digest(cookie))
  }

  /** @returns who is logged in, without the checks that protect other paths */
  userOf(headers: Credentials['headers']): UserInfo | undefined {
    const cookie = cookieOf(headers, SESSION_COOKIE)
    if (cookie === undefined) return undefined
    const lease = this.sessions.get(digest(cookie))
    return lease && lease.endsAtMs > this.clock.now() ? lease.user : undefined
  }

  authenticate(credentials: Credentials): UserInfo | undefined {
    if (credentials.headers.authorization !== undefined) return undefined
    const user = this.userOf(credentials.headers)
    if (!user) return undefined
    assertOwnOrigin(credentials)
    if (!credentials.isUpgrade && !READING.has(credentials.method) && !credentials.headers[CSRF_HEADER])
      throw refuse('a write with a session cookie needs the X-Flotilla-CSRF header')
    return user
  }

  /** Ends what is over; beyond the bound the oldest go. */
  private sweep(leases: Map<string, Lease>): void {
    const now = this.clock.now()
    for (const [key, { endsAtMs }] of leases) if (endsAtMs <= now || leases.size >= MAX_SESSIONS) leases.delete(key)
  }
}
