// Who am I (SelfSubjectReview), and whose token is this (TokenReview)?
import {
  SelfSubjectReview,
  TokenReview,
  type TokenReviewSpec,
  type TokenReviewStatus,
  type UserInfo as ReviewedUser,
} from '../../../../shared/api/authentication/v1.ts'
import { ApiError, badRequest } from '../../../../shared/machinery/status.ts'
import { authenticated } from '../../authn/authenticator.ts'
import type { UserInfo } from '../../request.ts'
import { reviewHandler } from './review.ts'

function userInfo({ name, uid, groups, extra }: UserInfo): ReviewedUser {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
  }
}

export const selfSubjectReviews = reviewHandler<object>({
  type: SelfSubjectReview,
  schema: 'authentication.v1.SelfSubjectReview',
  dated: true,
  answer: ({ request }) => ({ userInfo: userInfo(request.user) }),
})

export const tokenReviews = reviewHandler<TokenReviewSpec>({
  type: TokenReview,
  schema: 'authentication.v1.TokenReview',
  async answer({ spec, context }): Promise<TokenReviewStatus> {
    if (!spec.token) throw badRequest('token is required for TokenReview in authentication')
    try {
      const verified = await context.verifyToken(
        spec.token,
        spec.audiences?.length ? spec.audiences : context.tokens.apiAudiences,
      )
      if (!verified) return { user: {}, error: 'invalid bearer token' }
      const user = userInfo(authenticated(verified.user))
      return { authenticated: true, user, audiences: [...verified.audiences] }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return { user: {}, error: 'invalid bearer token' }
    }
  },
})
