// SelfSubjectRulesReviews: answered, never stored.
import { SelfSubjectRulesReview } from '../../../../shared/api/authorization/v1.ts'
import { defineResource } from '../resource.ts'

export const selfSubjectRulesReviews = defineResource<SelfSubjectRulesReview>({
  type: SelfSubjectRulesReview,
  verbs: ['create'],
  virtual: true,
})
