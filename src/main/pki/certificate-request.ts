// Certificate signing requests (PKCS #10): what they ask for, and the certificate that the cluster's CA answers with.
// Loaded only when there is one.
import { createHash } from 'node:crypto'
import * as x509 from '../../shared/machinery/x509.ts'
import { BACKDATE_MS } from './backdate.ts'
import { type KeyPair, SIGNING, importKeys, serialNumber } from './certificates.ts'

export interface CertificateRequest {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
  /** Tells who asks: SHA-256 of the key to be certified, hexadecimal. */
  readonly keySha256: string
}

export interface SignOptions {
  /** Of a CertificateSigningRequest: `client auth`, `digital signature`, … */
  readonly usages: readonly string[]
  readonly durationMs: number
  readonly nowMs: number
}

const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
}
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
}
/** A certificate that lives shorter than this keeps its whole life from now on; others count from the backdated start. */
const SHORT_MS = 8 * 3_600_000

const alternativeNames = ({ extensions }: x509.Pkcs10CertificateRequest) =>
  extensions.find(extension => extension instanceof x509.SubjectAlternativeNameExtension)?.names.items ?? []

/** @param pem of a CertificateSigningRequest's `spec.request`, decoded @throws Error when it is none, or not signed by its own key */
export async function readRequest(pem: string): Promise<CertificateRequest> {
  const request = new x509.Pkcs10CertificateRequest(pem)
  if (!(await request.verify())) throw new Error('the signature of the request does not match its key')
  const names = alternativeNames(request)
  const of = (...types: string[]) => names.filter(({ type }) => types.includes(type)).map(({ value }) => value)
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    emailAddresses: of('email'),
    uris: of('url', 'id', 'guid', 'upn', 'dn'),
    keySha256: createHash('sha256').update(Buffer.from(request.publicKey.rawData)).digest('hex'),
  }
}

/** @returns whether it is, as far as its algorithm is known here @throws Error when it is no request */
export async function isSignedByItsKey(pem: string): Promise<boolean> {
  const request = new x509.Pkcs10CertificateRequest(pem)
  return request.verify().catch(() => true)
}

/** @returns the certificate, PEM: the request's subject, names and key; no longer than the CA's own life */
export async function signRequest(authority: KeyPair, pem: string, options: SignOptions): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(pem)
  const issuer = new x509.X509Certificate(authority.certPem)
  const { privateKey, publicKey } = await importKeys(authority.keyPem)
  const { durationMs, nowMs, usages } = options
  const notBeforeMs = nowMs - BACKDATE_MS
  const wantedEndMs = (durationMs < SHORT_MS ? nowMs : notBeforeMs) + durationMs
  const names = alternativeNames(request)
  const keyUsages = usages.reduce((all, usage) => all | (KEY_USAGES[usage] ?? 0), 0)
  const extended = usages.flatMap(usage => EXTENDED_USAGES[usage] ?? [])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(Math.min(wantedEndMs, issuer.notAfter.getTime())),
    signingAlgorithm: SIGNING,
    publicKey: request.publicKey,
    signingKey: privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(keyUsages ? [new x509.KeyUsagesExtension(keyUsages, true)] : []),
      ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names.map(name => name.toJSON()))] : []),
    ],
  })
  return `${certificate.toString('pem')}\n`
}
