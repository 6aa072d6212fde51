// Which backend gets a request: hosts first, the exact ones before the ones with a wildcard; then the longest path, and
// Exact before Prefix. @see https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../shared/api/networking/v1.ts'
import { isOlder } from '../../shared/machinery/ingress/ours.ts'

export interface Backend {
  readonly namespace: string
  /** Undefined when it is no Service, which nobody here can serve. */
  readonly service: string | undefined
  readonly port: number | string | undefined
}

interface PathRule {
  readonly path: string
  readonly isExact: boolean
  readonly backend: Backend
}

interface HostRules {
  readonly paths: PathRule[]
  default: Backend | undefined
}

export class Router {
  readonly #exact = new Map<string, HostRules>()
  /** `*.example.org` by `example.org` */
  readonly #wildcards = new Map<string, HostRules>()
  readonly #everyHost: HostRules = { paths: [], default: undefined }

  constructor(ingresses: readonly Ingress[]) {
    for (const ingress of [...ingresses].sort(isOlder)) this.#add(ingress)
    for (const { paths } of [...this.#exact.values(), ...this.#wildcards.values(), this.#everyHost])
      paths.sort((a, b) => b.path.length - a.path.length || Number(b.isExact) - Number(a.isExact))
  }

  /**
   * @param host as in the request, with or without a port
   * @param path without the query
   * @returns undefined when no rule and no default backend takes it
   */
  route(host: string, path: string): Backend | undefined {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    // A wildcard stands for one label, not for several.
    const parent = name.slice(name.indexOf('.') + 1)
    const rules = this.#exact.get(name) ?? (name.includes('.') ? this.#wildcards.get(parent) : undefined)
    const found = rules?.paths.find(rule => matches(rule, path))?.backend ?? rules?.default
    if (rules) return found ?? this.#everyHost.default
    return this.#everyHost.paths.find(rule => matches(rule, path))?.backend ?? this.#everyHost.default
  }

  #add({ metadata: { namespace }, spec }: Ingress): void {
    const fallback = spec.defaultBackend && backendOf(spec.defaultBackend, namespace)
    const rules = spec.rules ?? []
    for (const { host = '', http } of rules) {
      const place = this.#rulesOf(host.toLowerCase())
      place.default ??= fallback
      // A host without paths sends everything to the default backend.
      for (const path of http?.paths ?? []) place.paths.push(pathRule(path, namespace))
    }
    if (rules.length === 0) this.#everyHost.default ??= fallback
  }

  #rulesOf(host: string): HostRules {
    if (host === '') return this.#everyHost
    const isWildcard = host.startsWith('*.')
    const hosts = isWildcard ? this.#wildcards : this.#exact
    const key = isWildcard ? host.slice(2) : host
    const rules = hosts.get(key) ?? { paths: [], default: undefined }
    hosts.set(key, rules)
    return rules
  }
}

/** What ImplementationSpecific means is for the implementation to say: the same as Prefix. */
const pathRule = ({ path = '/', pathType, backend }: HTTPIngressPath, namespace: string): PathRule => ({
  path: pathType === 'Exact' ? path : withoutLastSlash(path),
  isExact: pathType === 'Exact',
  backend: backendOf(backend, namespace),
})

const withoutLastSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

/** Prefixes match whole elements: `/a` takes `/a` and `/a/b`, not `/ab`. */
const matches = ({ path, isExact }: PathRule, asked: string): boolean =>
  asked === path || (!isExact && asked.startsWith(path) && (path === '' || asked[path.length] === '/'))

const backendOf = ({ service }: IngressBackend, namespace: string): Backend => ({
  namespace,
  service: service?.name,
  port: service?.port?.number ?? service?.port?.name,
})
