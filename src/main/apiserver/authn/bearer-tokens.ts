// Bearer tokens: every method that knows tokens is asked in turn. Requests and TokenReviews ask the same ones.
import type { UserInfo } from '../request.ts'
import { type AuthenticationMethod, bearerToken } from './authenticator.ts'

export interface VerifiedToken {
  readonly user: UserInfo
  /** The audiences asked for that the token is meant for. */
  readonly audiences: readonly string[]
  /** What the audit log notes of its use. */
  readonly annotations?: Readonly<Record<string, string>>
}

export interface TokenMethod {
  readonly name: string
  /**
   * @param audiences one of these must be meant
   * @returns undefined when this is no token of this method's
   * @throws ApiError 401 for one that is and is wrong
   */
  verify(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined> | VerifiedToken | undefined
}

export interface BearerTokens extends AuthenticationMethod {
  verify(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined>
}

/** For tokens that say nothing about their audience: they are meant for this API server only. */
export function forThisServer(
  apiAudiences: readonly string[],
  name: string,
  userOf: (token: string) => UserInfo | undefined,
): TokenMethod {
  return {
    name,
    verify(token, wanted) {
      const audiences = apiAudiences.filter(audience => wanted.includes(audience))
      const user = audiences.length > 0 ? userOf(token) : undefined
      return user && { user, audiences }
    },
  }
}

/** @param apiAudiences what requests to this server must be meant for */
export function bearerTokens(methods: readonly TokenMethod[], apiAudiences: readonly string[]): BearerTokens {
  const all: BearerTokens = {
    name: 'bearer-token',
    async verify(token, audiences) {
      for (const method of methods) {
        const verified = await method.verify(token, audiences)
        if (verified) return verified
      }
      return undefined
    },
    async authenticate({ headers, annotations }) {
      const token = bearerToken(headers)
      const verified = token ? await all.verify(token, apiAudiences) : undefined
      if (verified?.annotations) Object.assign(annotations ?? {}, verified.annotations)
      return verified?.user
    },
  }
  return all
}
