// OpenID Connect: users of somebody else's issuer log in with its ID tokens.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
import type { JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import type { Log } from '../../../../shared/machinery/log.ts'
import { unauthorized } from '../../../../shared/machinery/status.ts'
import type { UserInfo } from '../../request.ts'
import { CREDENTIAL_ID, credentialId } from '../extra-keys.ts'
import type { TokenMethod } from '../bearer-tokens.ts'
import { ClaimError } from './claim-error.ts'
import { checkRules, type ClaimExpressions, textOf, textsOf } from './claim-expressions.ts'
import { DistributedClaims } from './distributed-claims.ts'
import { IssuerKeys } from './issuer-keys.ts'

export interface OidcIssuer {
  /** https, exactly as in the tokens' `iss`. */
  readonly url: string
  /** Client ids; a token must be meant for one of them. */
  readonly audiences: readonly string[]
  /** Where the issuer tells about itself, if not under its own URL. */
  readonly discoveryURL?: string
  /** PEM; absent = the authorities that this machine trusts. */
  readonly caPem?: string
  /** Not looked at where an expression says the name. */
  readonly usernameClaim: string
  readonly usernamePrefix: string
  readonly groupsClaim?: string
  readonly groupsPrefix: string
  readonly uidClaim?: string
  readonly expressions?: ClaimExpressions
  readonly requiredClaims: Readonly<Record<string, string>>
  readonly signingAlgs: readonly string[]
}

/** What upstream accepts: nothing symmetric, and never `none`. */
export const SIGNING_ALGS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']
const CACHE_ENTRIES = 4096
/** What an endpoint says of a user is asked again after this. */
const DISTRIBUTED_MS = 10_000

function textClaim(payload: JWTPayload, claim: string): string {
  const value = payload[claim]
  if (typeof value !== 'string' || value === '')
    throw new ClaimError(`no claim ${JSON.stringify(claim)} that is a text`)
  return value
}

function groupsOf(payload: JWTPayload, claim: string | undefined): string[] {
  const value = claim === undefined ? undefined : payload[claim]
  if (value === undefined) return []
  const groups: unknown[] = Array.isArray(value) ? value : [value]
  if (!groups.every(group => typeof group === 'string')) throw new ClaimError(`the claim ${claim} is no list of texts`)
  return groups
}

/** @throws ClaimError */
export function userOfClaims(payload: JWTPayload, issuer: OidcIssuer): UserInfo {
  const { expressions } = issuer
  const name = expressions?.username ? textOf(expressions.username, payload) : textClaim(payload, issuer.usernameClaim)
  if (name === '') throw new ClaimError('the name of the user is empty')
  if (
    !expressions?.username &&
    issuer.usernameClaim === 'email' &&
    payload['email_verified'] !== undefined &&
    payload['email_verified'] !== true
  )
    throw new ClaimError('the email address is not verified')
  for (const [claim, wanted] of Object.entries(issuer.requiredClaims))
    if (payload[claim] !== wanted)
      throw new ClaimError(`the required claim ${JSON.stringify(claim)} is not ${JSON.stringify(wanted)}`)
  checkRules(expressions?.claimRules ?? [], { claims: payload })
  const uid = expressions?.uid
    ? textOf(expressions.uid, payload)
    : issuer.uidClaim === undefined
      ? undefined
      : textClaim(payload, issuer.uidClaim)
  const extra = [
    ...(expressions?.extra ?? []).map(({ key, value }) => [key, textsOf(value, payload)] as const),
    // A number there identifies nothing.
    ...(payload.jti && typeof payload.jti === 'string' ? [[CREDENTIAL_ID, [credentialId(payload.jti)]] as const] : []),
  ].filter(([, values]) => values.length > 0)
  const user = {
    name: `${issuer.usernamePrefix}${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: expressions?.groups
      ? textsOf(expressions.groups, payload)
      : groupsOf(payload, issuer.groupsClaim).map(group => `${issuer.groupsPrefix}${group}`),
    ...(extra.length > 0 ? { extra: Object.fromEntries(extra) } : {}),
  }
  checkRules(expressions?.userRules ?? [], { user })
  return user
}

interface Checked {
  readonly user: UserInfo
  readonly endsAtMs: number
  readonly keptUntilMs: number
}

export function idTokens(issuer: OidcIssuer, apiAudiences: readonly string[], clock: Clock, log: Log): TokenMethod {
  const keys = new IssuerKeys(issuer, clock)
  const distributed = new DistributedClaims(issuer.caPem, clock)
  /** Signatures are checked once; the time on every request. */
  const seen = new LRUCache<string, Checked>({ max: CACHE_ENTRIES })

  async function check(token: string): Promise<Checked | undefined> {
    const { decodeJwt } = await import('jose')
    try {
      if (decodeJwt(token).iss !== issuer.url) return undefined
    } catch {
      return undefined // no JWT: some other method's token
    }
    try {
      const options = {
        audience: [...issuer.audiences],
        algorithms: [...issuer.signingAlgs],
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp'],
      }
      const payload = await keys.verify(token, { ...options, issuer: issuer.url })
      const { groupsClaim } = issuer
      const expanded = groupsClaim === undefined ? undefined : await distributed.expand(payload, groupsClaim, options)
      return {
        user: userOfClaims(expanded ?? payload, issuer),
        endsAtMs: (payload.exp ?? 0) * 1000,
        keptUntilMs: expanded ? clock.now() + DISTRIBUTED_MS : Infinity,
      }
    } catch (error) {
      log.warn({ err: error, issuer: issuer.url }, 'an ID token was refused')
      throw unauthorized()
    }
  }

  return {
    name: 'oidc',
    async verify(token, wanted) {
      // ID tokens are meant for their client, and through it for this API server.
      const audiences = apiAudiences.filter(audience => wanted.includes(audience))
      if (audiences.length === 0 || token.split('.').length !== 3) return undefined
      const kept = seen.get(token)
      const known = kept && clock.now() < kept.keptUntilMs ? kept : undefined
      const checked = known ?? (await check(token))
      if (!checked) return undefined
      if (checked.endsAtMs <= clock.now()) throw unauthorized()
      if (!known) seen.set(token, checked)
      return { user: checked.user, audiences }
    },
  }
}
