// CertificateRevocations: whose client certificates are refused, and up to when they were issued.
import { CertificateRevocation } from '../../../../shared/api/flotilla/v1.ts'
import { type FieldError, forbiddenField, required } from '../../../../shared/machinery/field-error.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'

/** Revoking it would lock everybody out: it is renewed instead. */
const ADMIN = 'kubernetes-admin'

function validateRevocation({ spec }: CertificateRevocation): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.userName) errors.push(required('spec.userName'))
  else if (spec.userName === ADMIN)
    errors.push(forbiddenField('spec.userName', `the certificate of ${ADMIN} is renewed with: flotilla certs renew-admin`)) // prettier-ignore
  if (!spec.issuedBefore) errors.push(required('spec.issuedBefore'))
  return errors
}

function validateUpdate({ spec }: CertificateRevocation, { spec: old }: CertificateRevocation): FieldError[] {
  const errors: FieldError[] = []
  if (spec.userName !== old.userName) errors.push(forbiddenField('spec.userName', 'field is immutable'))
  if (Date.parse(spec.issuedBefore) < Date.parse(old.issuedBefore))
    errors.push(forbiddenField('spec.issuedBefore', 'it only moves forward; delete the object to take it all back'))
  return errors
}

export const certificateRevocations = defineResource<CertificateRevocation>({
  type: CertificateRevocation,
  shortNames: ['revoked'],
  setDefaults: revocation => ensureStructs(revocation, 'spec'),
  ...generationOnly(),
  validate: validateRevocation,
  validateUpdate,
  columns: [
    nameColumn,
    text('User', 'Whose certificates.', ({ spec }) => spec.userName),
    text('Issued before', 'Later ones are good.', ({ spec }) => spec.issuedBefore),
    text('Reason', 'Why.', ({ spec }) => spec.reason ?? ''),
    ageColumn,
  ],
})
