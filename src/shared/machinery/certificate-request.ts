// Makes a key and the request for its certificate (PKCS #10). Loaded only when a certificate is needed.
import * as x509 from './x509.ts'

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const

export interface RequestedSubject {
  readonly commonName: string
  /** Become the user's groups. */
  readonly organizations: readonly string[]
}

/** @returns both as PEM; the key is PKCS #8 */
export async function makeRequest(subject: RequestedSubject): Promise<{ keyPem: string; requestPem: string }> {
  const { crypto } = globalThis
  x509.cryptoProvider.set(crypto)
  const keys = await crypto.subtle.generateKey(EC, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [...subject.organizations.map(name => ({ O: [name] })), { CN: [subject.commonName] }],
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { keyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), requestPem: request.toString('pem') }
}
