// Makes X.509 certificates. Loaded only when one has to be made: a start with everything in place never pays for it.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '../../shared/machinery/x509.ts'
import { BACKDATE_MS } from './backdate.ts'

x509.cryptoProvider.set(webcrypto)

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const
export const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface LeafRequest {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly usage: 'client' | 'server'
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly days: number
  readonly nowMs: number
  /** PEM of the private key; default: a new one of elliptic curves. */
  readonly keyPem?: string
}

export function newPrivateKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

export async function importKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', pkcs8, EC, true, ['sign']),
    webcrypto.subtle.importKey('spki', spki, EC, true, ['verify']),
  ])
  return { privateKey, publicKey }
}

/** Positive and 20 bytes at most, as RFC 5280 wants serial numbers. */
export function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

function subjectOf(commonName: string, organizations: readonly string[]): x509.JsonName {
  return [...organizations.map(name => ({ O: [name] })), { CN: [commonName] }]
}

export async function makeAuthority(commonName: string, days: number, nowMs: number): Promise<KeyPair> {
  const keyPem = newPrivateKeyPem()
  const keys = await importKeys(keyPem)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: subjectOf(commonName, []),
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certPem: `${certificate.toString('pem')}\n`, keyPem }
}

export async function makeLeaf(authority: KeyPair, request: LeafRequest): Promise<KeyPair> {
  const { keyPem = newPrivateKeyPem() } = request
  const issuer = await importKeys(authority.keyPem)
  const issuerCertificate = new x509.X509Certificate(authority.certPem)
  const names: x509.JsonGeneralNames = [
    ...(request.dnsNames ?? []).map(value => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map(value => ({ type: 'ip' as const, value })),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subjectOf(request.commonName, request.organizations),
    issuer: issuerCertificate.subjectName,
    notBefore: new Date(request.nowMs - BACKDATE_MS),
    notAfter: new Date(request.nowMs + request.days * DAY_MS),
    signingAlgorithm: SIGNING,
    publicKey: createPublicKey(keyPem).export({ type: 'spki', format: 'der' }),
    signingKey: issuer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        request.usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return { certPem: `${certificate.toString('pem')}\n`, keyPem }
}
