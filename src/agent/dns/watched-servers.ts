// The host's DNS servers, followed as the host's configuration changes (VPNs, DHCP).
import { upstreamServers } from './resolv-conf.ts'
import type { UpstreamServer } from './upstream.ts'

/** The files are replaced rather than written, which file watches lose track of; reading them is cheap. */
const REREAD_MS = 5_000
const DNS_PORT = 53

export class WatchedServers implements Disposable {
  readonly #own: readonly string[]
  readonly #timer: NodeJS.Timeout
  #servers: readonly UpstreamServer[]

  /** @param own the cluster's DNS addresses, never asked */
  constructor(own: readonly string[]) {
    this.#own = own
    this.#servers = this.#read()
    this.#timer = setInterval(() => (this.#servers = this.#read()), REREAD_MS).unref()
  }

  get servers(): readonly UpstreamServer[] {
    return this.#servers
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #read(): UpstreamServer[] {
    return upstreamServers(this.#own).map(address => ({ address, port: DNS_PORT }))
  }
}
