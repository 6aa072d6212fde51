// From addresses back to Service names, and which namespaces have Services; kept up to date change by change.
import type { ClusterView } from '../network/cluster-view.ts'
import { clusterIPs, isHeadless, membersOf } from './members.ts'

export class ReverseIndex implements Disposable {
  readonly #view: ClusterView
  readonly #byIP = new Map<string, Map<string, string>>()
  readonly #ipsOf = new Map<string, readonly string[]>()
  readonly #namespaces = new Map<string, Set<string>>()
  readonly #forget: () => void

  constructor(view: ClusterView) {
    this.#view = view
    for (const key of view.services.keys()) this.#update(key)
    this.#forget = view.on({ service: key => this.#update(key) })
  }

  /** @returns names without `.svc.<zone>`: `web.default`, `web-0.web.default`. */
  namesOf(ip: string): string[] {
    return [...new Set(this.#byIP.get(ip)?.values() ?? [])]
  }

  get namespaces(): ReadonlyMap<string, unknown> {
    return this.#namespaces
  }

  [Symbol.dispose](): void {
    this.#forget()
  }

  #update(key: string): void {
    for (const ip of this.#ipsOf.get(key) ?? []) {
      const names = this.#byIP.get(ip)
      names?.delete(key)
      if (names?.size === 0) this.#byIP.delete(ip)
    }
    this.#ipsOf.delete(key)
    const service = this.#view.services.get(key)
    const [namespace = '', name = ''] = key.split('/')
    const known = this.#namespaces.get(namespace) ?? new Set<string>()
    if (service) this.#namespaces.set(namespace, known.add(name))
    else if (known.delete(name) && known.size === 0) this.#namespaces.delete(namespace)
    if (!service || service.spec.type === 'ExternalName') return
    const names: [string, string][] = isHeadless(service)
      ? membersOf(this.#view, key).map(({ ip, hostname }) => [ip, `${hostname}.${name}.${namespace}`])
      : clusterIPs(service).map(ip => [ip, `${name}.${namespace}`])
    for (const [ip, fullName] of names) {
      const at = this.#byIP.get(ip) ?? new Map<string, string>()
      this.#byIP.set(ip, at.set(key, fullName))
    }
    this.#ipsOf.set(
      key,
      names.map(([ip]) => ip),
    )
  }
}
