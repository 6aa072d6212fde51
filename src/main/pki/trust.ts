// Whom somebody trusts who names certificates: each of them ends a chain, whether or not it signed itself, as in Go.
// Operators often give a server's own certificate as its `caBundle`.

/** For `tls.connect`. @param ca PEM; absent means those that this machine trusts */
export const trusting = (
  ca: Buffer | string | undefined,
): { ca?: Buffer | string; allowPartialTrustChain?: boolean } => (ca ? { ca, allowPartialTrustChain: true } : {})
