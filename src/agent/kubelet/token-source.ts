// Service account tokens bound to pods: requested once, renewed when four fifths of their life are over.
import type { Pod } from '../../shared/api/core/v1.ts'
import { ServiceAccount } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { type IssuedToken, type TokenSource, TokenUnavailable } from './volumes/projected.ts'

interface Token extends IssuedToken {
  readonly renewAtMs: number
  readonly expiresAtMs: number
}

const RENEW_AT = 0.8
/** No token is kept longer than this, whatever its life. */
const MAX_AGE_MS = 24 * 3_600_000

export class ApiTokenSource implements TokenSource {
  readonly #client: Client
  readonly #clock: Clock
  readonly #tokens = new Map<string, Token>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  async token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string> {
    return (await this.issued(pod, audience, expirationSeconds)).token
  }

  async issued(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<IssuedToken> {
    const { token, expirationTimestamp } = await this.#issue(pod, audience, expirationSeconds)
    return { token, expirationTimestamp }
  }

  async #issue(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<Token> {
    const key = `${pod.metadata.uid} ${audience ?? ''} ${expirationSeconds}`
    const known = this.#tokens.get(key)
    const now = this.#clock.now()
    if (known && now < known.renewAtMs) return known
    try {
      const token = await this.#request(pod, audience, expirationSeconds)
      this.#tokens.set(key, token)
      return token
    } catch (error) {
      // The API server is away: a token that is still valid does.
      if (known && now < known.expiresAtMs) return known
      if (error instanceof ApiError && error.code < 500) throw error
      throw new TokenUnavailable((error as Error).message)
    }
  }

  async #request(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<Token> {
    const { namespace, name, uid } = pod.metadata
    const now = this.#clock.now()
    const answer = (await this.#client.createSubresource(
      ServiceAccount,
      { namespace, name: pod.spec.serviceAccountName || 'default' },
      'token',
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: {},
        spec: {
          audiences: audience === undefined ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    )) as { status: { token: string; expirationTimestamp: string } }
    const expiresAtMs = Date.parse(answer.status.expirationTimestamp)
    return {
      token: answer.status.token,
      expirationTimestamp: answer.status.expirationTimestamp,
      expiresAtMs,
      renewAtMs: now + Math.min((expiresAtMs - now) * RENEW_AT, MAX_AGE_MS),
    }
  }

  forget(podUid: string): void {
    for (const key of this.#tokens.keys()) if (key.startsWith(`${podUid} `)) this.#tokens.delete(key)
  }
}
