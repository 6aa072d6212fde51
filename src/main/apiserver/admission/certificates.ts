// CertificateApproval and CertificateSigning: deciding on a request needs a right for its signer. And a request says
// who asked because the server writes it there.
// @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { Authorizer } from '../authz/contract.ts'
import type { UserInfo } from '../request.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isCreateOf, isType } from './is-type.ts'

const asRequest = (object: unknown) => object as CertificateSigningRequest

export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  kinds: [CertificateSigningRequest],
  mutate(request) {
    if (!isCreateOf(request, CertificateSigningRequest)) return
    const { spec } = asRequest(request.object)
    const { name, uid, groups, extra } = request.user
    spec.username = name
    spec.groups = [...groups]
    if (uid) spec.uid = uid
    else delete spec.uid
    if (extra) spec.extra = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
    else delete spec.extra
  },
}

/** `signers` by full name, or by everything under the name's domain. */
function maySign(authorizers: readonly Authorizer[], user: UserInfo, verb: string, signerName: string): boolean {
  const domain = signerName.split('/', 1)[0] ?? ''
  return [signerName, `${domain}/*`].some(name =>
    authorizers.some(
      authorizer =>
        authorizer.authorize({
          isResource: true,
          verb,
          group: 'certificates.k8s.io',
          version: '*',
          namespace: '',
          resource: 'signers',
          subresource: '',
          name,
          path: '',
          user,
        }).decision === 'allow',
    ),
  )
}

function refuseUnless(request: AdmissionRequest, authorizers: readonly Authorizer[], verb: string): void {
  const { signerName } = asRequest(request.oldObject).spec
  if (maySign(authorizers, request.user, verb, signerName)) return
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`
  throw forbidden(CertificateSigningRequest, request.name, why)
}

export const certificateApprovalCheck = (authorizers: readonly Authorizer[]): AdmissionPlugin => ({
  name: 'CertificateApproval',
  kinds: [CertificateSigningRequest],
  validate(request) {
    if (request.subresource === 'approval' && isType(request, CertificateSigningRequest) && request.oldObject)
      refuseUnless(request, authorizers, 'approve')
  },
})

export const certificateSigningCheck = (authorizers: readonly Authorizer[]): AdmissionPlugin => ({
  name: 'CertificateSigning',
  kinds: [CertificateSigningRequest],
  validate(request) {
    if (request.subresource !== 'status' || !isType(request, CertificateSigningRequest) || !request.oldObject) return
    const [now, old] = [asRequest(request.object).status, asRequest(request.oldObject).status]
    if (now?.certificate === old?.certificate && deepEqual(now?.conditions ?? [], old?.conditions ?? [])) return
    refuseUnless(request, authorizers, 'sign')
  },
})
