// Users from TLS client certificates: CN is the name, each O a group, a uid has a number of its own, and the certificate
// itself is named beside them.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { BACKDATE_MS } from '../../pki/backdate.ts'
import type { UserInfo } from '../request.ts'
import { authenticated } from './authenticator.ts'
import { CREDENTIAL_ID } from './extra-keys.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
/** @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates */
const UID = '1.3.6.1.4.1.57683.2'

const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

type PeerCertificate = Partial<DetailedPeerCertificate> & { readonly ext_key_usage?: readonly string[] }

/** In upstream's form: SHA-256 of the whole certificate, in small hexadecimal digits. */
const inUpstreamsForm = (fingerprint256: string): string => fingerprint256.replaceAll(':', '').toLowerCase()

/** Certificates whose reading is remembered. */
const REMEMBERED = 1024

export interface CertificateVerdict {
  /** Undefined: our authority did not issue the certificate to a client, or it is no longer valid. */
  readonly user: UserInfo | undefined
  /** When our authority signed it. */
  readonly issuedAtMs: number
  /** Connections and resumed sessions outlive certificates: when the verdict ends. */
  readonly validUntilMs: number
}

const REJECTED: CertificateVerdict = { user: undefined, issuedAtMs: 0, validUntilMs: Infinity }

/** What a certificate says that our authority issued, in OpenSSL's words. */
function verdictOn(certificate: PeerCertificate, fingerprint256: string): CertificateVerdict {
  // The serving certificate comes from the same authority: only one issued for clients may log in.
  if (!certificate.ext_key_usage?.includes(CLIENT_AUTH)) return REJECTED
  const [name] = asList(certificate.subject?.CN)
  const uids = asList((certificate.subject as Partial<Record<string, string | string[]>> | undefined)?.[UID])
  if (!name || uids.length > 1 || uids[0] === '') return REJECTED
  const [from = '', to = ''] = [certificate.valid_from, certificate.valid_to]
  const issuedAtMs = Date.parse(from) + BACKDATE_MS
  return {
    user: authenticated({
      name,
      ...(uids[0] === undefined ? {} : { uid: uids[0] }),
      groups: asList(certificate.subject?.O),
      extra: { [CREDENTIAL_ID]: [`X509SHA256=${inUpstreamsForm(fingerprint256)}`] },
    }),
    issuedAtMs,
    validUntilMs: Date.parse(to),
  }
}

/**
 * Judges the certificates of connections: a socket's, after the handshake; its chain and validity are OpenSSL's verdict
 * (`authorized`), asked for every connection. Undefined without a certificate. Taking one apart, RSA key and all, takes a
 * tenth of a millisecond, and clients come back with the same: what it says is remembered by its SHA-256.
 */
export function certificateJudge(): (socket: TLSSocket) => CertificateVerdict | undefined {
  const verdicts = new LRUCache<string, CertificateVerdict>({ max: REMEMBERED })
  return socket => {
    const certificate = socket.getPeerX509Certificate()
    if (!certificate) return undefined
    if (!socket.authorized) return REJECTED
    const { fingerprint256 } = certificate
    let verdict = verdicts.get(fingerprint256)
    if (!verdict) verdicts.set(fingerprint256, (verdict = verdictOn(certificate.toLegacyObject(), fingerprint256)))
    return verdict
  }
}
