// What the kubelet's port shows to its clients: a certificate that the node has made for itself, as upstream's kubelet
// does where nobody signs one for it. Kept, so that who has looked at it once knows it again; made anew when the node's
// addresses change or it is about to expire.
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { readIfThere, writePrivately } from './private-files.ts'

export interface ServingCertificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000
const GOOD_MS = 365 * DAY_MS
/** One that is kept is good for this long at least; an agent starts more often. */
const LEFT_MS = 90 * DAY_MS
/** Clocks of others may be behind. */
const BACKDATE_MS = 60 * 60_000

/** @param names the node's name and addresses */
export async function servingCertificate(
  folder: string,
  names: readonly string[],
  nowMs: number,
): Promise<ServingCertificate> {
  const [certFile, keyFile] = [join(folder, 'kubelet.crt'), join(folder, 'kubelet.key')]
  const [cert, key] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)])
  if (cert !== undefined && key !== undefined && isStillGood(cert, names, nowMs)) return { cert, key }
  const made = await make(names, nowMs)
  await writePrivately(keyFile, made.key)
  await writePrivately(certFile, made.cert)
  return made
}

function isStillGood(pem: string, names: readonly string[], nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pem)
    const covers = (name: string) =>
      (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
    return names.every(covers) && Date.parse(certificate.validTo) - nowMs > LEFT_MS
  } catch {
    return false // a file that somebody else has written
  }
}

async function make(names: readonly string[], nowMs: number): Promise<ServingCertificate> {
  const x509 = await import('../../shared/machinery/x509.ts')
  const { crypto } = globalThis
  x509.cryptoProvider.set(crypto)
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`${names[0]}@${Math.floor(nowMs / 1000)}`] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + GOOD_MS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map(value => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: `${certificate.toString('pem')}\n`, key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}
