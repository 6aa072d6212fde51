// SubjectAccessReviews: answered, never stored.
import { SubjectAccessReview } from '../../../../shared/api/authorization/v1.ts'
import { defineResource } from '../resource.ts'

export const subjectAccessReviews = defineResource<SubjectAccessReview>({
  type: SubjectAccessReview,
  verbs: ['create'],
  virtual: true,
})
