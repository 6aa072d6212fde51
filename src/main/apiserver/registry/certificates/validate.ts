// What a CertificateSigningRequest must look like.
import type { CertificateSigningRequest } from '../../../../shared/api/certificates/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { list } from '../support/collections.ts'
import { each } from '../support/rules.ts'

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n[A-Za-z0-9+/=\s]*-----END \1-----/
export const decoded = (base64: string) => Buffer.from(base64, 'base64').toString('latin1')
export const NO_REQUEST = 'PEM block type must be CERTIFICATE REQUEST'
export const isPemRequest = (base64: string) => BLOCK.exec(decoded(base64))?.[1] === 'CERTIFICATE REQUEST'

/** Whoever asks signs with the key that is asked for. */
export async function validateSignature({ spec: { request } }: CertificateSigningRequest): Promise<FieldError[]> {
  if (request === undefined || !isPemRequest(request)) return []
  const { readRequest } = await import('../../../pki/certificate-request.ts')
  try {
    readRequest(decoded(request))
    return []
  } catch (error) {
    return [invalidValue('spec.request', request, error instanceof Error ? error.message : String(error))]
  }
}

export function validateSigningRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = []
  if (!isPemRequest(spec.request ?? '')) errors.push(invalidValue('spec.request', spec.request ?? null, NO_REQUEST))
  if (list(spec.usages).length === 0) errors.push(required('spec.usages'))
  const seen = new Set<string>()
  errors.push(
    ...each('spec.usages', spec.usages, (at, usage) => {
      if (!USAGES.includes(usage)) return [notSupported(at, usage, USAGES)]
      if (seen.has(usage)) return [duplicate(at, usage)]
      seen.add(usage)
      return []
    }),
  )
  if (spec.signerName === 'kubernetes.io/legacy-unknown')
    errors.push(
      invalidValue('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version'),
    )
  else if (!spec.signerName) errors.push(required('spec.signerName'))
  else if (!/^[^/]+\/[^/]+/.test(spec.signerName))
    errors.push(
      invalidValue(
        'spec.signerName',
        spec.signerName,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    )
  const seconds = spec.expirationSeconds
  if (seconds !== undefined && seconds < 600)
    errors.push(
      invalidValue('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    )
  return errors
}
