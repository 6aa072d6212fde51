// The public keys of an OpenID Connect issuer: found by discovery, kept, and asked for again when a token is of another.
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { fetchText } from './fetch-text.ts'

/** Keys that are gone are forgotten; an unknown key, or an issuer that fails, is asked for no more often than this. */
const FRESH_MS = 600_000
const ASK_AGAIN_MS = 10_000
/** Of keys that a token without a key's name may be of; anybody can make one that is of none. */
const MOST_TRIED = 32

/** @throws Error of jose's, for what is wrong with the token */
async function verifyWith(keys: JWTVerifyGetKey, token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  const { errors, jwtVerify } = await import('jose')
  try {
    return (await jwtVerify(token, keys, options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    let tried = 0
    for await (const key of error) {
      if (tried++ === MOST_TRIED) break
      try {
        return (await jwtVerify(token, key, options)).payload
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** @throws Error that says what went wrong */
async function fetchJson(url: string, caPem: string | undefined): Promise<unknown> {
  const text = await fetchText(url, caPem)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${url} is no JSON`)
  }
}

export interface IssuerPlace {
  /** As in the tokens. */
  readonly url: string
  readonly discoveryURL?: string
  /** PEM; absent = the authorities that this machine trusts. */
  readonly caPem?: string
}

export class IssuerKeys {
  readonly #issuer: string
  readonly #discoveryURL: string
  readonly #caPem: string | undefined
  readonly #clock: Clock
  #asked: Promise<JWTVerifyGetKey> | undefined
  /** What the issuer had when it answered last. */
  #known: JWTVerifyGetKey | undefined
  #hasFailed = false
  #askedAtMs = -Infinity

  constructor({ url, discoveryURL, caPem }: IssuerPlace, clock: Clock) {
    this.#issuer = url
    this.#discoveryURL = discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`
    this.#caPem = caPem
    this.#clock = clock
  }

  /** An issuer may have other keys by now, under names of old ones as well. @throws Error of the issuer, or jose's */
  async verify(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    const { errors } = await import('jose')
    const keys = await this.#kept()
    try {
      return await verifyWith(keys, token, options)
    } catch (error) {
      const isOfAnother =
        error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed
      const others = isOfAnother ? await this.#ask(ASK_AGAIN_MS) : keys
      if (others === keys) throw error
      return await verifyWith(others, token, options)
    }
  }

  /** While the issuer fails, the keys that it last had go on counting, and nobody waits for it. */
  async #kept(): Promise<JWTVerifyGetKey> {
    const hadFailed = this.#hasFailed
    const asked = this.#ask(hadFailed ? ASK_AGAIN_MS : FRESH_MS)
    if (hadFailed && this.#known) return this.#known
    try {
      return await asked
    } catch (error) {
      if (this.#known) return this.#known
      throw error
    }
  }

  #ask(freshMs: number): Promise<JWTVerifyGetKey> {
    if (this.#asked && this.#clock.monotonic() - this.#askedAtMs < freshMs) return this.#asked
    this.#askedAtMs = this.#clock.monotonic()
    const asked = this.#fetch()
    this.#asked = asked
    asked.then(
      find => {
        this.#known = find
        this.#hasFailed = false
      },
      () => {
        this.#hasFailed = true
        // Whoever waits for the first keys is told, and the next one asks again.
        if (!this.#known && this.#asked === asked) this.#asked = undefined
      },
    )
    return asked
  }

  async #fetch(): Promise<JWTVerifyGetKey> {
    const { createLocalJWKSet } = await import('jose')
    const about = await fetchJson(this.#discoveryURL, this.#caPem)
    const { issuer, jwks_uri: jwksUri } = isObject(about) ? about : {}
    if (issuer !== this.#issuer)
      throw new Error(`the issuer says to be ${JSON.stringify(issuer)} and not ${JSON.stringify(this.#issuer)}`)
    if (typeof jwksUri !== 'string' || !jwksUri.startsWith('https://')) throw new Error('the issuer names no jwks_uri')
    return createLocalJWKSet((await fetchJson(jwksUri, this.#caPem)) as JSONWebKeySet)
  }
}
