// CertificateSubjectRestriction: nobody may ask for a client certificate of the group that may do everything.
// @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificatesubjectrestriction
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isCreateOf } from './is-type.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-client'
const GROUP = 'system:masters'

/** @throws Error when it is no request */
async function organizationsOf(pem: string): Promise<readonly string[]> {
  const { readRequest } = await import('../../pki/certificate-request.ts')
  return (await readRequest(pem)).organizations
}

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  kinds: [CertificateSigningRequest],
  validate: request => (isCreateOf(request, CertificateSigningRequest) ? check(request) : undefined),
}

async function check(request: AdmissionRequest): Promise<void> {
  const { spec } = request.object as unknown as CertificateSigningRequest
  if (spec.signerName !== SIGNER) return
  const refuse = (why: string) => forbidden(CertificateSigningRequest, request.name, why)
  const organizations = await organizationsOf(Buffer.from(spec.request, 'base64').toString('latin1')).catch(
    (error: unknown) => {
      throw refuse(`failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`)
    },
  )
  if (organizations.includes(GROUP)) throw refuse(`use of ${SIGNER} signer with ${GROUP} group is not allowed`)
}
