// What a Lease must look like.
import type { Lease } from '../../../../shared/api/coordination/v1.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import { nonNegative, positive } from '../support/rules.ts'

export const validateLease = ({ spec }: Lease): FieldError[] => [
  ...positive('spec.leaseDurationSeconds', spec.leaseDurationSeconds),
  ...nonNegative('spec.leaseTransitions', spec.leaseTransitions),
]
