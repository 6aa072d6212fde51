// TokenReviews: answered, never stored.
import { TokenReview } from '../../../../shared/api/authentication/v1.ts'
import { defineResource } from '../resource.ts'

export const tokenReviews = defineResource<TokenReview>({ type: TokenReview, verbs: ['create'], virtual: true })
