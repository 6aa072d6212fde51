// Whom somebody trusts who names certificates: each of them ends a chain, whether or not it signed itself, as in Go.
// Operators often give a server's own certificate as its `caBundle`.
import { X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @returns whether there is anybody to trust in it: one certificate that can be read is enough */
export const holdsCertificate = (pem: string): boolean =>
  (pem.match(BLOCK) ?? []).some(block => {
    try {
      return new X509Certificate(block).raw.length > 0
    } catch {
      return false
    }
  })

/** For `tls.connect`. @param ca PEM; absent means those that this machine trusts */
export const trusting = (
  ca: Buffer | string | undefined,
): { ca?: Buffer | string; allowPartialTrustChain?: boolean } => (ca ? { ca, allowPartialTrustChain: true } : {})
