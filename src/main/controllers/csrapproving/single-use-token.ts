// Bootstrap tokens for one machine: the first key that asks with one gets its certificate, no other ever does. The same
// key may ask again, as a machine does whose connection broke before it heard the answer.
import type { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { Secret } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { SINGLE_USE, USED_AT, USED_BY, bootstrapTokenSecretName } from '../../../shared/machinery/bootstrap-token.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import type { CertificateRequest } from '../../pki/certificate-request.ts'

const PREFIX = 'system:bootstrap:'
const NAMESPACE = 'kube-system'

/** @returns false when another machine used the token, or it is gone; true for whoever has no such token */
export async function mayUseToken(
  { spec }: CertificateSigningRequest,
  { keySha256 }: CertificateRequest,
  { client, clock, signal }: ControllerContext,
): Promise<boolean> {
  const { username = '' } = spec
  if (!username.startsWith(PREFIX)) return true
  const name = bootstrapTokenSecretName(username.slice(PREFIX.length))
  try {
    const { metadata } = await client.get(Secret, { namespace: NAMESPACE, name }, { signal })
    const { resourceVersion, annotations = {} } = metadata
    if (annotations[SINGLE_USE] !== 'true') return true
    if (annotations[USED_BY] !== undefined) return annotations[USED_BY] === keySha256
    // With the revision: of two that ask together, one is the first.
    const used = { [USED_BY]: keySha256, [USED_AT]: formatTime(clock.now()) }
    const patch = { metadata: { resourceVersion, annotations: used } }
    await client.patch(Secret, { namespace: NAMESPACE, name }, patch, { type: 'merge', signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
