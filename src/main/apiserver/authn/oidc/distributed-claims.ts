// Claims that are too long for a token: it names an endpoint, which has them in a token of its own.
// @see https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims
import type { JWTPayload, JWTVerifyOptions } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { ClaimError } from './claim-error.ts'
import { fetchText } from './fetch-text.ts'
import { IssuerKeys } from './issuer-keys.ts'

/** Of one kind of tokens there are hardly more; an endpoint may name any. */
const MOST_ISSUERS = 16

interface Source {
  readonly endpoint: string
  readonly accessToken: string | undefined
}

/** @returns undefined where the claim is elsewhere nowhere. @throws ClaimError */
function sourceOf(payload: JWTPayload, claim: string): Source | undefined {
  const { _claim_names: names, _claim_sources: sources } = payload
  if (names === undefined || payload[claim] !== undefined) return undefined
  if (!isObject(names)) throw new ClaimError('_claim_names is no map')
  if (!isObject(sources)) throw new ClaimError('there is no map of _claim_sources')
  const name = names[claim]
  if (name === undefined) return undefined
  const source = typeof name === 'string' && Object.hasOwn(sources, name) ? sources[name] : undefined
  if (!isObject(source)) throw new ClaimError(`_claim_sources has none called ${JSON.stringify(name)}`)
  const { endpoint, access_token: accessToken } = source
  // It may be in the token itself, which is nothing for us.
  if (endpoint === undefined || endpoint === '') return undefined
  if (typeof endpoint !== 'string' || !endpoint.startsWith('https://'))
    throw new ClaimError(`the endpoint of the claim ${JSON.stringify(claim)} is no https URL`)
  return { endpoint, accessToken: typeof accessToken === 'string' && accessToken !== '' ? accessToken : undefined }
}

export class DistributedClaims {
  readonly #caPem: string | undefined
  readonly #clock: Clock
  readonly #keys = new LRUCache<string, IssuerKeys>({ max: MOST_ISSUERS })

  /** @param caPem absent = the authorities that this machine trusts */
  constructor(caPem: string | undefined, clock: Clock) {
    this.#caPem = caPem
    this.#clock = clock
  }

  /**
   * @param options what is asked of the endpoint's token, as of the one that names it
   * @returns the claims with the one that was elsewhere; undefined when it was not
   * @throws ClaimError, or whatever is wrong with the endpoint or its token
   */
  async expand(payload: JWTPayload, claim: string, options: JWTVerifyOptions): Promise<JWTPayload | undefined> {
    const source = sourceOf(payload, claim)
    if (!source) return undefined
    const { endpoint, accessToken } = source
    const { decodeJwt } = await import('jose')
    const token = await fetchText(endpoint, this.#caPem, accessToken ? { authorization: `Bearer ${accessToken}` } : {})
    const { iss: issuer } = decodeJwt(token.trim())
    if (!issuer?.startsWith('https://')) throw new ClaimError(`the token of ${endpoint} has no issuer`)
    const told = await this.#keysOf(issuer).verify(token.trim(), { ...options, issuer })
    const value = told[claim]
    if (value === undefined) throw new ClaimError(`the token of ${endpoint} has no claim ${JSON.stringify(claim)}`)
    return { ...payload, [claim]: value }
  }

  #keysOf(issuer: string): IssuerKeys {
    let keys = this.#keys.get(issuer)
    if (!keys) this.#keys.set(issuer, (keys = new IssuerKeys({ url: issuer, ...(this.#caPem === undefined ? {} : { caPem: this.#caPem }) }, this.#clock))) // prettier-ignore
    return keys
  }
}
