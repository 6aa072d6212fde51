// A client certificate through the API, as anybody would ask for one: the key is made here, the cluster signs.
import { CertificateSigningRequest } from '../api/certificates/v1.ts'
import type { Client } from '../client/client.ts'
import { conditionOf } from '../machinery/conditions.ts'
import { makeRequest } from '../machinery/certificate-request.ts'
import { InvitationError } from './invitation-error.ts'

const TIMEOUT_SECONDS = 30

/** @throws InvitationError when it is refused, or when nobody signs it */
export async function requestCertificate(
  client: Client,
  user: string,
  days: number,
): Promise<{ certPem: string; keyPem: string }> {
  const { keyPem, requestPem } = await makeRequest({ commonName: user, organizations: [] })
  const { metadata } = await client.create(CertificateSigningRequest, {
    metadata: { generateName: `invite-${user}-` },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client',
      request: btoa(requestPem),
      usages: ['client auth'],
      expirationSeconds: days * 86_400,
    },
  })
  const approved = { type: 'Approved', status: 'True', reason: 'Invited', message: 'flotilla user invite' }
  const { name } = metadata
  await client.patch(CertificateSigningRequest, { name }, { status: { conditions: [approved] } }, { type: 'merge', subresource: 'approval' }) // prettier-ignore
  for await (const { object } of client.watch(CertificateSigningRequest, {
    fieldSelector: `metadata.name=${name}`,
    timeoutSeconds: TIMEOUT_SECONDS,
  })) {
    const failed = conditionOf(object.status.conditions, 'Failed')
    if (failed) throw new InvitationError(`the certificate was refused: ${failed.message ?? failed.reason}`)
    const { certificate } = object.status
    if (certificate) return { certPem: atob(certificate), keyPem }
  }
  throw new InvitationError(`the certificate was not signed within ${TIMEOUT_SECONDS} s; try again`)
}
