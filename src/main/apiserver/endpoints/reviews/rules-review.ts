// SelfSubjectRulesReview: everything that the asking user may do in a namespace, as far as it can be listed.
import {
  SelfSubjectRulesReview,
  type SelfSubjectRulesReviewSpec,
  type SubjectRulesReviewStatus,
} from '../../../../shared/api/authorization/v1.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import { reviewHandler } from './review.ts'

export const selfSubjectRulesReviews = reviewHandler<SelfSubjectRulesReviewSpec>({
  type: SelfSubjectRulesReview,
  schema: 'authorization.v1.SelfSubjectRulesReview',
  answer({ spec, request, context }): SubjectRulesReviewStatus {
    if (!spec.namespace) throw badRequest('no namespace on request')
    const { rules, incomplete } = context.rulesFor(request.user, spec.namespace)
    return {
      incomplete: incomplete !== undefined,
      ...(incomplete === undefined ? {} : { evaluationError: incomplete }),
      resourceRules: rules
        .filter(({ resources }) => resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs: [...verbs],
          apiGroups: [...(apiGroups ?? [])],
          resources: [...(resources ?? [])],
          ...(resourceNames?.length ? { resourceNames: [...resourceNames] } : {}),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs: [...verbs], nonResourceURLs: [...(nonResourceURLs ?? [])] })),
    }
  },
})
