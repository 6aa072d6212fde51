// The certificates by port and host name, out of the Secrets that Ingresses and Gateways name.
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Secret } from '../../shared/api/core/v1.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { HostTable, hostOf, type WildcardDepth } from './host-table.ts'

/** Who asks for a certificate to be shown; of several for one port and host, the first that has one gets it. */
export interface CertificateClaim {
  readonly port: number
  /** '' for every host, and for clients that name none. */
  readonly host: string
  readonly depth: WildcardDepth
  /** `namespace/name` of the Secret. */
  readonly key: string
  readonly secret: Secret | undefined
}

/** PEM */
export interface KeyPair {
  readonly cert: Buffer
  readonly key: Buffer
}

interface Parsed {
  readonly identity: string
  readonly pair: KeyPair | undefined
  readonly context: SecureContext | undefined
}

interface OfPort {
  readonly byHost: HostTable<SecureContext>
  fallback: KeyPair | undefined
}

export class Certificates {
  readonly #log: Log
  #ports = new Map<number, OfPort>()
  /** Secret → what it held and what became of it: parsing a key is not for nothing. */
  readonly #parsed = new Map<string, Parsed>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Replaces everything; connections that are open keep what they began with. */
  update(claims: readonly CertificateClaim[]): void {
    const ports = new Map<number, OfPort>()
    for (const { port, host, depth, key, secret } of claims) {
      const { context, pair } = this.#parsedOf(key, secret)
      if (!context) continue
      const place = ports.get(port) ?? { byHost: new HostTable<SecureContext>(), fallback: undefined }
      ports.set(port, place)
      place.byHost.at(host, depth, () => context)
      if (host === '') place.fallback ??= pair
    }
    const used = new Set(claims.map(({ key }) => key))
    for (const key of this.#parsed.keys()) if (!used.has(key)) this.#parsed.delete(key)
    this.#ports = ports
  }

  /** @returns undefined when nobody has a certificate for this name: the handshake then fails */
  contextFor(port: number, servername: string): SecureContext | undefined {
    return this.#ports.get(port)?.byHost.find(hostOf(servername))[0]
  }

  /** For clients that do not say which host they want. */
  fallbackOf(port: number): KeyPair | undefined {
    return this.#ports.get(port)?.fallback
  }

  #parsedOf(key: string, secret: Secret | undefined): Parsed {
    const cert = secret?.data?.['tls.crt'] ?? ''
    const privateKey = secret?.data?.['tls.key'] ?? ''
    const identity = `${cert} ${privateKey}`
    const known = this.#parsed.get(key)
    if (known?.identity === identity) return known
    const pair = cert && privateKey ? { cert: Buffer.from(cert, 'base64'), key: Buffer.from(privateKey, 'base64') } : undefined // prettier-ignore
    const context = pair && this.#parse(key, pair)
    const parsed = { identity, context, pair: context && pair }
    this.#parsed.set(key, parsed)
    return parsed
  }

  #parse(secret: string, pair: KeyPair): SecureContext | undefined {
    try {
      return createSecureContext(pair)
    } catch (error) {
      this.#log.warn({ err: error, secret }, 'a Secret that is to be served has no usable certificate and key')
      return undefined
    }
  }
}
