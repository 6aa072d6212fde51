// Servers whose certificate is called like who signed it, or both like nobody. OpenSSL takes such a certificate for one
// that signed itself, unless key identifiers in it say otherwise; upstream's clients look at who signed it.
import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { certificatesOf, trusting } from './trust.ts'

const TAKEN_FOR_SELF_SIGNED = 'DEPTH_ZERO_SELF_SIGNED_CERT'
/** Of a chain that does not end where it is to end. */
const OTHER_CERTIFICATE = /^(?:CERT|UNABLE_TO)_/

const hasIssued = (authority: X509Certificate, leaf: X509Certificate): boolean =>
  authority.ca &&
  leaf.checkIssued(authority) &&
  leaf.verify(authority.publicKey) &&
  Date.parse(authority.validFrom) <= Date.now() &&
  Date.now() <= Date.parse(authority.validTo)

/** Who is trusted at one server. */
export class Trust {
  readonly #ca: Buffer | undefined
  /** PEM of what the server showed, once it is known that one of the authorities issued it. */
  #namesake: string | undefined

  /** @param ca PEM; absent means those that this machine trusts */
  constructor(ca: Buffer | undefined) {
    this.#ca = ca
  }

  /** For `tls.connect`. */
  get options(): ReturnType<typeof trusting> {
    return trusting(this.#namesake ?? this.#ca)
  }

  /**
   * @param refusal why a handshake failed
   * @param look connects to the server, whoever it is
   * @returns whether another handshake is worth it
   */
  async reconsiders(refusal: unknown, look: () => Promise<TLSSocket>): Promise<boolean> {
    const { code } = refusal as NodeJS.ErrnoException
    if (this.#namesake !== undefined && OTHER_CERTIFICATE.test(String(code))) {
      this.#namesake = undefined
      return true
    }
    if (code !== TAKEN_FOR_SELF_SIGNED || !this.#ca) return false
    const socket = await look()
    const shown = socket.getPeerX509Certificate()
    socket.destroy()
    const leaf = shown && new X509Certificate(shown.raw)
    if (!leaf || !certificatesOf(this.#ca.toString()).some(authority => hasIssued(authority, leaf))) return false
    this.#namesake = leaf.toString()
    return true
  }
}
