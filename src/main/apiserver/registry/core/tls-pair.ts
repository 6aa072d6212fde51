// What is wrong with the certificate and the key of a TLS secret, in the words of Go's library.
import { createPrivateKey, X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN ([^\n-]+)-----\s[A-Za-z0-9+/=\s]*-----END \1-----/g

const blocksOf = (pem: string): [type: string, text: string][] =>
  [...pem.matchAll(BLOCK)].map(([text, type = '']) => [type, text])

const isKey = ([type]: readonly [string, string]) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY')

function missingCertificate(types: readonly string[]): string {
  if (types.length === 0) return 'failed to find any PEM data in certificate input'
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY'))
    return 'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  return `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`
}

function missingKey(types: readonly string[]): string {
  if (types.length === 0) return 'failed to find any PEM data in key input'
  if (types.length === 1 && types[0] === 'CERTIFICATE')
    return 'found a certificate rather than a key in the PEM for the private key'
  return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

function problem(certificatePem: string, keyPem: string): string | undefined {
  const certificates = blocksOf(certificatePem)
  const first = certificates.find(([type]) => type === 'CERTIFICATE')
  if (!first) return `tls: ${missingCertificate(certificates.map(([type]) => type))}`
  const keys = blocksOf(keyPem)
  const keyBlock = keys.find(isKey)
  if (!keyBlock) return `tls: ${missingKey(keys.map(([type]) => type))}`
  const certificate = parsed(() => new X509Certificate(first[1]))
  if (!certificate) return 'x509: malformed certificate'
  const key = parsed(() => createPrivateKey(keyBlock[1]))
  if (!key) return 'tls: failed to parse private key'
  if (key.asymmetricKeyType !== certificate.publicKey.asymmetricKeyType)
    return 'tls: private key type does not match public key type'
  return certificate.checkPrivateKey(key) ? undefined : 'tls: private key does not match public key'
}

/** @param data of the secret, in base64 */
export function tlsPairWarnings(data: Readonly<Record<string, string>> | undefined): string[] {
  const textOf = (name: string) => Buffer.from(data?.[name] ?? '', 'base64').toString('latin1')
  const found = problem(textOf('tls.crt'), textOf('tls.key'))
  return found === undefined ? [] : [found]
}
