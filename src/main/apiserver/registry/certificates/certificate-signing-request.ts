// CertificateSigningRequests.
import { CertificateSigningRequest } from '../../../../shared/api/certificates/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { humanDuration } from '../../../../shared/machinery/human-duration.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, keepField, statusOnly } from '../support/strategy.ts'
import { validateSignature, validateSigningRequest } from './validate.ts'

const isDecision = (type: string) => type === 'Approved' || type === 'Denied'

function conditionText({ status }: CertificateSigningRequest): string {
  const is = (type: string) => list(status.conditions).some(condition => condition.type === type)
  const decision = is('Denied') ? 'Denied' : is('Approved') ? 'Approved' : 'Pending'
  return decision + (is('Failed') ? ',Failed' : '') + (status.certificate ? ',Issued' : '')
}

export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  type: CertificateSigningRequest,
  shortNames: ['csr'],
  setDefaults: request => ensureStructs(request, 'spec', 'status'),
  prepareForCreate: statusOnly().prepareForCreate,
  // Spec and status belong to the requester and to the approver: an ordinary update touches metadata only.
  prepareForUpdate: (request, old) => {
    keepField(request, old, 'spec')
    keepField(request, old, 'status')
  },
  status: {
    prepareForUpdate: (request, old) => {
      keepField(request, old, 'spec')
      // Approval and denial go through the approval subresource.
      const decided = list(old.status.conditions).filter(({ type }) => isDecision(type))
      const kept = list(request.status.conditions).flatMap(condition =>
        isDecision(condition.type) ? decided.filter(({ type }) => type === condition.type) : [condition],
      )
      request.status.conditions = [...kept, ...decided.filter(condition => !kept.includes(condition))]
      if (request.status.conditions.length === 0) delete request.status.conditions
    },
  },
  selectableFields: { 'spec.signerName': request => request.spec.signerName },
  validateName: pathSegmentName,
  validate: validateSigningRequest,
  check: (request, old) => (old ? Promise.resolve([]) : validateSignature(request)),
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', 'Who is to sign.', request => request.spec.signerName || NONE),
    text('Requestor', 'Who asked.', request => request.spec.username ?? ''),
    text('RequestedDuration', 'How long the certificate should last.', ({ spec }) =>
      spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000),
    ),
    text('Condition', 'State of the request.', conditionText),
  ],
})
