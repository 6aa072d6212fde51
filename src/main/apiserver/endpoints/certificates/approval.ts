// certificatesigningrequests/approval: the only way to approve or deny a request.
// @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
import { CertificateSigningRequest } from '../../../../shared/api/certificates/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { objectPart } from '../object-part.ts'

const PATH = 'status.conditions'
const conditionsOf = (object: AnyObject) => (object as unknown as CertificateSigningRequest).status?.conditions ?? []
const isDecision = ({ type }: { readonly type: string }) => type === 'Approved' || type === 'Denied'

function validateDecision(object: AnyObject, old: AnyObject): FieldError[] {
  const now = conditionsOf(object)
  const errors = conditionsOf(old)
    .filter(isDecision)
    .filter(({ type }) => !now.some(condition => condition.type === type))
    .map(({ type }) => forbiddenField(PATH, `updates may not remove a condition of type ${JSON.stringify(type)}`))
  const decisions = new Set(now.filter(isDecision).map(({ type }) => type))
  if (decisions.size > 1)
    errors.push(invalidValue(PATH, 'Denied', 'Approved and Denied conditions are mutually exclusive'))
  for (const { type, status } of now.filter(isDecision))
    if (status !== 'True') errors.push(invalidValue(`${PATH}.status`, status, `${type} conditions may only be "True"`))
  return errors
}

export const certificateApproval = objectPart({
  type: CertificateSigningRequest,
  subresource: 'approval',
  take(copy, wanted, { clock }) {
    const now = formatTime(clock.now())
    const before = conditionsOf(copy)
    const { status } = copy as unknown as CertificateSigningRequest
    status.conditions = conditionsOf(wanted).map(condition => {
      const same = before.find(({ type }) => type === condition.type)
      const { lastUpdateTime = now, lastTransitionTime = now, ...rest } = condition
      return same && deepEqual(same, condition) ? same : { ...rest, lastUpdateTime, lastTransitionTime }
    })
    const { labels, annotations } = wanted.metadata
    Object.assign(copy.metadata, { labels, annotations })
  },
  validate: validateDecision,
})
