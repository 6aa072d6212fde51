// SelfSubjectReviews: answered, never stored.
import { SelfSubjectReview } from '../../../../shared/api/authentication/v1.ts'
import { defineResource } from '../resource.ts'

export const selfSubjectReviews = defineResource<SelfSubjectReview>({
  type: SelfSubjectReview,
  verbs: ['create'],
  virtual: true,
})
