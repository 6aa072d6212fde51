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
import type { Revocations } from './revocations.ts'

const LOGIN_TOKEN_LIFE_MS = 5 * 60_000
const SESSION_LIFE_MS = 7 * 24 * 3_600_000
const MAX_SESSIONS = 1024
/**
 * `__Host-`: only over TLS, for this host only, for every path; no other host can set or shadow it. Browsers have one
 * jar for all ports of a host: the port tells the clusters of one machine apart.
 */
export function sessionCookie({ host = '' }: Credentials['headers']): string {
  const port = /:(\d+)$/.exec(host)?.[1]
  return `__Host-flotilla-session${port ? `-${port}` : ''}`
}
export const CSRF_HEADER = 'x-flotilla-csrf'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64url')
const secret = () => randomBytes(32).toString('base64url')

interface Lease {
  readonly user: UserInfo
  /** When the user proved who they are. */
  readonly sinceMs: number
  readonly endsAtMs: number
}

interface Session extends Lease {
  /** What ends with it. */
  readonly onEnd: Set<() => void>
  readonly cancelEnd: () => void
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

export class Sessions implements AuthenticationMethod, Disposable {
  readonly name = 'session'
  readonly #clock: Clock
  readonly #revocations: Revocations
  readonly #logins = new Map<string, Lease>()
  readonly #sessions = new Map<string, Session>()

  constructor(clock: Clock, revocations: Revocations) {
    this.#clock = clock
    this.#revocations = revocations
    // What was taken back of the user's does not go on as a session.
    revocations.onChange(() => {
      for (const [key, session] of this.#sessions) if (!this.#isGood(session)) this.#end(key)
    })
  }

  /** @returns a token that opens one session within five minutes */
  issueLoginToken(user: UserInfo): string {
    const sinceMs = this.#clock.now()
    for (const [key, { endsAtMs }] of this.#logins)
      if (endsAtMs <= sinceMs || this.#logins.size >= MAX_SESSIONS) this.#logins.delete(key)
    const token = secret()
    this.#logins.set(digest(token), { user, sinceMs, endsAtMs: sinceMs + LOGIN_TOKEN_LIFE_MS })
    return token
  }

  /** Uses the token up. @returns the session's cookie value, or undefined when the token is unknown, used or too old */
  login(token: string): { readonly cookie: string; readonly user: UserInfo } | undefined {
    const lease = this.#logins.get(digest(token))
    this.#logins.delete(digest(token))
    if (!lease || !this.#isGood(lease)) return undefined
    // Beyond the bound the oldest go.
    for (const key of this.#sessions.keys()) if (this.#sessions.size >= MAX_SESSIONS) this.#end(key)
    const cookie = secret()
    const key = digest(cookie)
    const endsAtMs = this.#clock.now() + SESSION_LIFE_MS
    const cancelEnd = this.#clock.after(SESSION_LIFE_MS, () => this.#end(key))
    this.#sessions.set(key, { ...lease, endsAtMs, onEnd: new Set(), cancelEnd })
    return { cookie, user: lease.user }
  }

  /** Ends what is open in the session, too. */
  logout(headers: Credentials['headers']): void {
    const cookie = cookieOf(headers, sessionCookie(headers))
    if (cookie !== undefined) this.#end(digest(cookie))
  }

  /** @returns who is logged in, without the checks that protect other paths */
  userOf(headers: Credentials['headers']): UserInfo | undefined {
    return this.#of(headers)?.user
  }

  /** Calls back when the request's session ends. @returns a function that cancels that; undefined without one */
  whenOver(headers: Credentials['headers'], end: () => void): (() => void) | undefined {
    if (headers.authorization !== undefined) return undefined
    const onEnd = this.#of(headers)?.onEnd
    onEnd?.add(end)
    return onEnd && (() => onEnd.delete(end))
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

  [Symbol.dispose](): void {
    for (const { cancelEnd } of this.#sessions.values()) cancelEnd()
  }

  #of(headers: Credentials['headers']): Session | undefined {
    const cookie = headers.cookie === undefined ? undefined : cookieOf(headers, sessionCookie(headers))
    const session = cookie === undefined ? undefined : this.#sessions.get(digest(cookie))
    return session && this.#isGood(session) ? session : undefined
  }

  #isGood({ user, sinceMs, endsAtMs }: Lease): boolean {
    return endsAtMs > this.#clock.now() && !this.#revocations.isRevoked(user.name, sinceMs)
  }

  #end(key: string): void {
    const session = this.#sessions.get(key)
    this.#sessions.delete(key)
    session?.cancelEnd()
    for (const end of session?.onEnd ?? []) end()
  }
}
