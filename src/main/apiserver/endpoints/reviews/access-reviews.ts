// SubjectAccessReview and its relatives: may somebody do something? Asked of the same authorizers as every request.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
import {
  LocalSubjectAccessReview,
  type NonResourceAttributes,
  type ResourceAttributes,
  SelfSubjectAccessReview,
  type SelfSubjectAccessReviewSpec,
  SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type SubjectAccessReviewStatus,
} from '../../../../shared/api/authorization/v1.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import type { UserInfo } from '../../request.ts'
import type { EndpointContext } from '../contract.ts'
import { reviewHandler } from './review.ts'
import { narrowingOf, validateSelectors } from './review-selectors.ts'

function ofResource(asked: ResourceAttributes, user: UserInfo): AuthorizationAttributes {
  const { verb = '', group = '', version = '', namespace = '', resource = '', subresource = '', name = '' } = asked
  return { isResource: true, verb, group, version, namespace, resource, subresource, name, path: '', user }
}

const ofPath = ({ path = '', verb = '' }: NonResourceAttributes, user: UserInfo): AuthorizationAttributes => ({
  ...ofResource({ verb }, user),
  isResource: false,
  path,
})

function review(
  { resourceAttributes, nonResourceAttributes }: SelfSubjectAccessReviewSpec,
  user: UserInfo,
  context: EndpointContext,
): SubjectAccessReviewStatus {
  const { fieldSelector, evaluationError } = narrowingOf(resourceAttributes ?? {})
  const attributes = resourceAttributes
    ? { ...ofResource(resourceAttributes, user), ...(fieldSelector ? { fieldSelector } : {}) }
    : ofPath(nonResourceAttributes ?? {}, user)
  const { decision, reason } = context.authorize(attributes)
  return {
    allowed: decision === 'allow',
    ...(reason ? { reason } : {}),
    ...(evaluationError ? { evaluationError } : {}),
  }
}

const userOf = ({ user, uid, groups, extra }: SubjectAccessReviewSpec): UserInfo => ({
  name: user ?? '',
  groups: groups ?? [],
  ...(uid ? { uid } : {}),
  ...(extra ? { extra } : {}),
})

/** Exactly one question. */
function validateAttributes(spec: SelfSubjectAccessReviewSpec): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec
  if (resourceAttributes && nonResourceAttributes)
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      invalidValue(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]
  return []
}

const validateQuestion = (spec: SelfSubjectAccessReviewSpec): FieldError[] => [
  ...validateAttributes(spec),
  ...validateSelectors(spec.resourceAttributes ?? {}),
]

const validateSubject = (spec: SubjectAccessReviewSpec): FieldError[] => [
  ...validateQuestion(spec),
  ...(!spec.user && !spec.groups?.length
    ? [invalidValue('spec.user', spec.user ?? '', 'at least one of user or group must be specified')]
    : []),
]

export const selfSubjectAccessReviews = reviewHandler<SelfSubjectAccessReviewSpec>({
  type: SelfSubjectAccessReview,
  schema: 'authorization.v1.SelfSubjectAccessReview',
  bareMetadata: true,
  validate: validateQuestion,
  answer: ({ spec, request, context }) => review(spec, request.user, context),
})

export const subjectAccessReviews = reviewHandler<SubjectAccessReviewSpec>({
  type: SubjectAccessReview,
  schema: 'authorization.v1.SubjectAccessReview',
  bareMetadata: true,
  validate: validateSubject,
  answer: ({ spec, context }) => review(spec, userOf(spec), context),
})

const ASKED_NAMESPACE = 'spec.resourceAttributes.namespace'

export const localSubjectAccessReviews = reviewHandler<SubjectAccessReviewSpec>({
  type: LocalSubjectAccessReview,
  schema: 'authorization.v1.LocalSubjectAccessReview',
  bareMetadata: true,
  validate: (spec, _object, { info: { namespace } }) => [
    ...validateSubject(spec),
    ...(spec.resourceAttributes && (spec.resourceAttributes.namespace ?? '') !== namespace
      ? [invalidValue(ASKED_NAMESPACE, spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace')]
      : []),
    ...(spec.nonResourceAttributes
      ? [invalidValue('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request')]
      : []),
  ],
  answer: ({ spec, context }) => review(spec, userOf(spec), context),
})
