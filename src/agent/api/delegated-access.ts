// Who may use the kubelet's port: whoever the API server knows by a token, for what it lets them do with this node.
// Client certificates count for nothing here: that one was revoked is known to the API server alone.
// @see https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import { TokenReview, type UserInfo } from '../../shared/api/authentication/v1.ts'
import { SubjectAccessReview } from '../../shared/api/authorization/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { METHOD_VERBS } from '../../shared/machinery/verbs.ts'
import { HttpError } from './contract.ts'
import { parsePath } from './request-path.ts'

/** How long the API server's word is taken, in milliseconds; the first two as upstream's kubelet. */
const TOKEN_MS = 120_000
const ALLOWED_MS = 300_000
const REFUSED_MS = 30_000
const MOST_REMEMBERED = 1_000
/** Anybody who reaches the port can ask: the API server is asked this much at once, not more. */
const MOST_ASKED = 32

/** Subresources of the node that a path belongs to; one that may be used is enough. */
const SUBRESOURCES: ReadonlyMap<string, readonly string[]> = new Map([
  ['stats', ['stats']],
  ['metrics', ['metrics']],
  ['logs', ['log']],
  ['checkpoint', ['checkpoint']],
  ['statusz', ['statusz']],
  ['flagz', ['configz']],
  ['pods', ['pods', 'proxy']],
  ['runningpods', ['pods', 'proxy']],
  ['healthz', ['healthz', 'proxy']],
  ['configz', ['configz', 'proxy']],
])
const ANY_OTHER = ['proxy']

export interface NodeRequest {
  readonly verb: string
  readonly subresources: readonly string[]
}

/**
 * What a request does with the node, by the path that is served. A session in a container is more than reading, whatever method opens it.
 * @throws HttpError 400
 * @see https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/#kubelet-authorization
 */
export function nodeRequestOf(message: IncomingMessage): NodeRequest {
  const { method = '', headers } = message
  return {
    verb: headers.upgrade === undefined ? (METHOD_VERBS[method] ?? '') : 'create',
    subresources: SUBRESOURCES.get(parsePath(message).root) ?? ANY_OTHER,
  }
}

export class DelegatedAccess {
  readonly #client: Client
  readonly #nodeName: string
  readonly #users: LRUCache<string, Promise<UserInfo | undefined>>
  readonly #answers: LRUCache<string, Promise<boolean>>
  #asked = 0

  constructor(client: Client, nodeName: string, clock: Clock) {
    this.#client = client
    this.#nodeName = nodeName
    const options = { max: MOST_REMEMBERED, ttlResolution: 0, perf: { now: () => clock.monotonic() } }
    this.#users = new LRUCache(options)
    this.#answers = new LRUCache(options)
  }

  /** @throws HttpError 401, 403; 503 while the API server cannot be asked */
  async check(message: IncomingMessage): Promise<void> {
    const [, token] = /^Bearer +(\S+) *$/i.exec(message.headers.authorization ?? '') ?? []
    const user = token === undefined ? undefined : await this.#userOf(token)
    if (!user) throw new HttpError(401, 'Unauthorized')
    const { verb, subresources } = nodeRequestOf(message)
    for (const subresource of subresources) if (await this.#isAllowed(user, verb, subresource)) return
    const asked = `verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`
    throw new HttpError(403, `Forbidden (user=${user.username}, ${asked})`)
  }

  #userOf(token: string): Promise<UserInfo | undefined> {
    const key = createHash('sha256').update(token).digest('base64')
    return this.#remembered(this.#users, key, async () => {
      const { status } = await this.#client.create(TokenReview, { metadata: {}, spec: { token } })
      return { value: status.authenticated ? status.user : undefined, ms: TOKEN_MS }
    })
  }

  #isAllowed(user: UserInfo, verb: string, subresource: string): Promise<boolean> {
    const { username, uid, groups, extra } = user
    const resourceAttributes = { version: 'v1', resource: 'nodes', name: this.#nodeName, verb, subresource }
    const spec = { user: username, uid, groups, extra, resourceAttributes }
    return this.#remembered(this.#answers, JSON.stringify(spec), async () => {
      const { status } = await this.#client.create(SubjectAccessReview, { metadata: {}, spec })
      return { value: status.allowed, ms: status.allowed ? ALLOWED_MS : REFUSED_MS }
    })
  }

  /** Those who ask the same at the same time wait for one answer; what went wrong is asked again. */
  #remembered<T>(cache: LRUCache<string, Promise<T>>, key: string, ask: () => Promise<{ value: T; ms: number }>) {
    const known = cache.get(key)
    if (known) return known
    if (this.#asked >= MOST_ASKED) throw new HttpError(503, 'too many requests wait for the API server')
    this.#asked++
    const answer = ask()
      .then(({ value, ms }) => {
        cache.set(key, answer, { ttl: ms })
        return value
      })
      .catch((error: unknown) => {
        cache.delete(key)
        throw new HttpError(503, `the API server cannot be asked: ${(error as Error).message}`)
      })
      .finally(() => this.#asked--)
    cache.set(key, answer)
    return answer
  }
}
