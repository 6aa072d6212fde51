// SelfSubjectAccessReviews: answered, never stored.
import { SelfSubjectAccessReview } from '../../../../shared/api/authorization/v1.ts'
import { defineResource } from '../resource.ts'

export const selfSubjectAccessReviews = defineResource<SelfSubjectAccessReview>({
  type: SelfSubjectAccessReview,
  verbs: ['create'],
  virtual: true,
})
