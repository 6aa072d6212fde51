// Certificate signing requests (PKCS #10): what they ask for, and the certificate that the cluster's CA answers with.
// Loaded only when there is one.
import { constants, createHash, createPublicKey, verify } from 'node:crypto'
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
interface SignatureAlgorithm {
  readonly name: string
  readonly hash?: { readonly name: string }
  readonly saltLength?: number
}
/** Of each algorithm that Go's x509 verifies, what it says of a signature that is not the key's. */
const UNFIT: Readonly<Partial<Record<string, string>>> = {
  'RSASSA-PKCS1-v1_5': 'crypto/rsa: verification error',
  'RSA-PSS': 'crypto/rsa: verification error',
  ECDSA: 'x509: ECDSA verification failure',
  Ed25519: 'x509: Ed25519 verification failure',
}
/** Those of NIST, by OpenSSL's names. */
const CURVES = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'])
/** A certificate that lives shorter than this keeps its whole life from now on; others count from the backdated start. */
const SHORT_MS = 8 * 3_600_000

const alternativeNames = ({ extensions }: x509.Pkcs10CertificateRequest) =>
  extensions.find(extension => extension instanceof x509.SubjectAlternativeNameExtension)?.names.items ?? []

function parse(pem: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem)
  } catch (error) {
    throw new Error(`asn1: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/**
 * By OpenSSL, which knows curves that Web Crypto does not.
 * @throws Error as Go's x509 words it, unless the key that is to be certified has signed the request
 */
function verifySignature(request: x509.Pkcs10CertificateRequest): void {
  const { name, hash, saltLength } = request.signatureAlgorithm as SignatureAlgorithm
  const unfit = UNFIT[name]
  if (!unfit) throw new Error('x509: cannot verify signature: algorithm unimplemented')
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  const { namedCurve } = key.asymmetricKeyDetails ?? {}
  if (namedCurve !== undefined && !CURVES.has(namedCurve)) throw new Error('x509: unsupported elliptic curve')
  const scheme = name === 'RSA-PSS' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : {}
  // Electron's BoringSSL knows no other spelling.
  const digest = hash?.name.replace('-', '').toLowerCase()
  if (!verify(digest, Buffer.from(request['tbs']), { key, ...scheme }, Buffer.from(request.signature)))
    throw new Error(unfit)
}

/** @param pem of a CertificateSigningRequest's `spec.request`, decoded @throws Error when it is none, or not signed by its own key */
export function readRequest(pem: string): CertificateRequest {
  const request = parse(pem)
  verifySignature(request)
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
