// LocalSubjectAccessReviews: answered, never stored.
import { LocalSubjectAccessReview } from '../../../../shared/api/authorization/v1.ts'
import { defineResource } from '../resource.ts'

export const localSubjectAccessReviews = defineResource<LocalSubjectAccessReview>({
  type: LocalSubjectAccessReview,
  verbs: ['create'],
  virtual: true,
})
