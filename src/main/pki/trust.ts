// Whom somebody trusts who names certificates: each of them ends a chain, whether or not it signed itself, as in Go.
// Operators often give a server's own certificate as its `caBundle`.
import { X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @returns what of it can be read */
export const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(BLOCK) ?? []).flatMap(block => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })

/** @returns whether there is anybody to trust in it: one certificate that can be read is enough */
export const holdsCertificate = (pem: string): boolean => certificatesOf(pem).length > 0

/** For `tls.connect`. @param ca PEM; absent means those that this machine trusts */
export const trusting = (
  ca: Buffer | string | undefined,
): { ca?: Buffer | string; allowPartialTrustChain?: boolean } => (ca ? { ca, allowPartialTrustChain: true } : {})
