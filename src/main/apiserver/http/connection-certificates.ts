// The certificates of clients: a connection's is looked at once, and who lost the right to it loses the connection.
import type { Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { UserInfo } from '../request.ts'
import { type CertificateVerdict, certificateJudge } from '../authn/client-certificate.ts'
import type { Revocations } from '../authn/revocations.ts'
import { type Incoming, tlsSocketOf } from './incoming.ts'

/** A TLS socket, or the HTTP/2 session on one. */
type Connection = Pick<Duplex, 'destroy' | 'once'> | Http2Session

const NO_CERTIFICATE = { user: undefined, isRejected: false, isGiven: false }

export interface ClientCertificate {
  /** Whom it says, if it still counts. */
  readonly user: UserInfo | undefined
  readonly isGiven: boolean
  /** It is there, and says nobody who is let in. */
  readonly isRejected: boolean
}

export class ConnectionCertificates {
  readonly #judge = certificateJudge()
  readonly #revocations: Revocations
  /** `null`: the connection has none. */
  readonly #verdicts = new WeakMap<object, CertificateVerdict | null>()
  /** Connections whose certificate says who is there. */
  readonly #identified = new Map<Connection, CertificateVerdict>()

  constructor(revocations: Revocations) {
    this.#revocations = revocations
    // Watches, streams and nodes' links were let in once and would go on for ever.
    revocations.onChange(() => {
      for (const [connection, verdict] of this.#identified) if (!this.#isGood(verdict)) connection.destroy()
    })
  }

  of(incoming: Incoming): ClientCertificate {
    const connection = 'stream' in incoming ? (incoming.stream.session ?? incoming.socket) : incoming.socket
    let verdict = this.#verdicts.get(connection)
    if (verdict === undefined) {
      this.#verdicts.set(connection, (verdict = this.#judge(tlsSocketOf(incoming)) ?? null))
      if (verdict?.user) {
        this.#identified.set(connection, verdict)
        connection.once('close', () => this.#identified.delete(connection))
      }
    }
    if (!verdict) return NO_CERTIFICATE
    const user = this.#isGood(verdict) ? verdict.user : undefined
    return { user, isGiven: true, isRejected: user === undefined }
  }

  #isGood({ user, issuedAtMs, validUntilMs }: CertificateVerdict): boolean {
    return user !== undefined && Date.now() < validUntilMs && !this.#revocations.isRevoked(user.name, issuedAtMs)
  }
}
