// The certificates of Ingresses by host name, out of the Secrets that they name.
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Secret } from '../../shared/api/core/v1.ts'
import type { Ingress } from '../../shared/api/networking/v1.ts'
import { isOlder } from '../../shared/machinery/ingress/ours.ts'
import type { Log } from '../../shared/machinery/log.ts'

export class Certificates {
  readonly #log: Log
  #byHost = new Map<string, SecureContext>()
  #fallback: SecureContext | undefined
  /** Secret → what it held and what became of it: parsing a key is not for nothing. */
  readonly #parsed = new Map<string, { readonly identity: string; readonly context: SecureContext | undefined }>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Replaces everything; connections that are open keep what they began with. */
  update(ingresses: readonly Ingress[], secretOf: (key: string) => Secret | undefined): void {
    const byHost = new Map<string, SecureContext>()
    let fallback: SecureContext | undefined
    const used = new Set<string>()
    for (const { metadata, spec } of [...ingresses].sort(isOlder))
      for (const { hosts = [], secretName } of spec.tls ?? []) {
        const key = `${metadata.namespace}/${secretName ?? ''}`
        used.add(key)
        const context = this.#contextOf(key, secretOf(key))
        if (!context) continue
        if (hosts.length === 0) fallback ??= context
        for (const host of hosts) if (!byHost.has(host.toLowerCase())) byHost.set(host.toLowerCase(), context)
      }
    for (const key of this.#parsed.keys()) if (!used.has(key)) this.#parsed.delete(key)
    this.#byHost = byHost
    this.#fallback = fallback
  }

  /** @returns undefined when no Ingress has a certificate for this name: the handshake then fails */
  contextFor(servername: string): SecureContext | undefined {
    const name = servername.toLowerCase()
    return this.#byHost.get(name) ?? this.#byHost.get(`*.${name.slice(name.indexOf('.') + 1)}`) ?? this.#fallback
  }

  #contextOf(key: string, secret: Secret | undefined): SecureContext | undefined {
    const cert = secret?.data?.['tls.crt'] ?? ''
    const privateKey = secret?.data?.['tls.key'] ?? ''
    const identity = `${cert} ${privateKey}`
    const known = this.#parsed.get(key)
    if (known?.identity === identity) return known.context
    const context = cert && privateKey ? this.#parse(key, cert, privateKey) : undefined
    this.#parsed.set(key, { identity, context })
    return context
  }

  #parse(key: string, cert: string, privateKey: string): SecureContext | undefined {
    try {
      return createSecureContext({ cert: Buffer.from(cert, 'base64'), key: Buffer.from(privateKey, 'base64') })
    } catch (error) {
      this.#log.warn({ err: error, secret: key }, 'an Ingress names a Secret without a usable certificate and key')
      return undefined
    }
  }
}
