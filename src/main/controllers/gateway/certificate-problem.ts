// Whether a Secret holds a certificate that can be served.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Secret } from '../../../shared/api/core/v1.ts'

/** @returns in words why it does not; undefined when it does */
export function certificateProblem(secret: Secret | undefined): string | undefined {
  if (!secret) return 'not found'
  const [crt, key] = [secret.data?.['tls.crt'], secret.data?.['tls.key']]
  if (!crt || !key) return 'it has no tls.crt and tls.key'
  try {
    const certificate = new X509Certificate(Buffer.from(crt, 'base64'))
    return certificate.checkPrivateKey(createPrivateKey(Buffer.from(key, 'base64')))
      ? undefined
      : 'the key is not the certificate’s'
  } catch {
    return 'tls.crt and tls.key are no PEM of a certificate and its key'
  }
}
