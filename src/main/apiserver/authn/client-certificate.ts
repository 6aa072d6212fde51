// Users from TLS client certificates: CN is the name, each O a group.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { UserInfo } from '../request.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

type PeerCertificate = Partial<DetailedPeerCertificate> & { readonly ext_key_usage?: readonly string[] }

/**
 * @param socket after the handshake; its chain and validity are OpenSSL's verdict (`authorized`)
 * @returns undefined without a certificate, or with one that our authority did not issue to a client
 */
export function certificateUser(socket: TLSSocket): UserInfo | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerCertificate() as PeerCertificate
  // The serving certificate comes from the same authority: only one issued for clients may log in.
  if (!certificate.ext_key_usage?.includes(CLIENT_AUTH)) return undefined
  const [name] = asList(certificate.subject?.CN)
  if (!name) return undefined
  return { name, groups: asList(certificate.subject?.O) }
}
