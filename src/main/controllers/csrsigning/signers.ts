// The built-in signers, and what each is willing to sign. The same rules tell the approver what a request is.
// @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
import type { CertificateRequest } from '../../pki/certificate-request.ts'

const CLIENT = 'kubernetes.io/kube-apiserver-client'
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'

const NODES = 'system:nodes'
const NODE_PREFIX = 'system:node:'

export type Usages = readonly string[]

/** Whether `usages` are exactly these; a key of RSA also needs `key encipherment`. */
const areExactly = (usages: Usages, wanted: Usages): boolean =>
  wanted.every(usage => usages.includes(usage)) &&
  usages.every(usage => wanted.includes(usage) || usage === 'key encipherment')

function nodeSubject({ commonName, organizations }: CertificateRequest): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== NODES) return 'subject organization is not system:nodes'
  if (!commonName.startsWith(NODE_PREFIX)) return 'subject common name does not begin with system:node:'
  return undefined
}

function kubeletClient(request: CertificateRequest, usages: Usages): string | undefined {
  const subject = nodeSubject(request)
  if (subject) return subject
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (!areExactly(usages, ['client auth', 'digital signature']))
    return 'usages did not match [client auth digital signature]'
  return undefined
}

function kubeletServing(request: CertificateRequest, usages: Usages): string | undefined {
  const subject = nodeSubject(request)
  if (subject) return subject
  if (request.dnsNames.length + request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (!areExactly(usages, ['server auth', 'digital signature']))
    return 'usages did not match [digital signature server auth]'
  return undefined
}

const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment']

/** Whoever may approve must not make themselves everything: members of this group pass every check. */
const MASTERS = 'system:masters'

function client({ organizations }: CertificateRequest, usages: Usages): string | undefined {
  if (organizations.includes(MASTERS)) return `use of ${CLIENT} signer with ${MASTERS} group is not allowed`
  return usages.includes('client auth') && usages.every(usage => CLIENT_USAGES.includes(usage))
    ? undefined
    : `invalid usages for client certificate: ${usages.join(', ')}`
}

/** Signer → why it does not sign a request, or undefined. */
export const signers: Readonly<Record<string, (request: CertificateRequest, usages: Usages) => string | undefined>> = {
  [CLIENT]: client,
  [KUBELET_CLIENT]: kubeletClient,
  [KUBELET_SERVING]: kubeletServing,
}
