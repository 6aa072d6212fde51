// The rules of Ingresses: hosts first, the exact ones before the ones with a wildcard; then the longest path, and Exact
// before Prefix. @see https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../shared/api/networking/v1.ts'
import { isOlder } from '../../shared/machinery/older.ts'
import { HostTable, hostOf } from './host-table.ts'
import { rulePath } from './request-path.ts'
import { type Action, type Backend, byPrecedence, matches, prefixOf, type Question, type Rule } from './rules.ts'

interface HostRules {
  readonly rules: Rule[]
  default: Action | undefined
}

const noRules = (): HostRules => ({ rules: [], default: undefined })

export class Router {
  readonly #hosts = new HostTable<HostRules>()
  readonly #everyHost = this.#hosts.at('', 'one', noRules)

  constructor(ingresses: readonly Ingress[]) {
    for (const ingress of [...ingresses].sort(isOlder)) this.#add(ingress)
    for (const { rules } of this.#hosts.values()) rules.sort(byPrecedence)
  }

  /** @returns undefined when no rule and no default backend takes it */
  route(question: Question): Action | undefined {
    const [own = this.#everyHost] = this.#hosts.find(hostOf(question.host))
    return own.rules.find(rule => matches(rule, question))?.action ?? own.default ?? this.#everyHost.default
  }

  #add({ metadata: { namespace }, spec }: Ingress): void {
    const fallback = spec.defaultBackend && actionOf(spec.defaultBackend, namespace, '')
    const rules = spec.rules ?? []
    for (const { host = '', http } of rules) {
      const place = this.#hosts.at(host, 'one', noRules)
      place.default ??= fallback
      // A host without paths sends everything to the default backend.
      for (const path of http?.paths ?? []) place.rules.push(ruleOf(path, namespace))
    }
    if (rules.length === 0) this.#everyHost.default ??= fallback
  }
}

/** What ImplementationSpecific means is for the implementation to say: the same as Prefix. */
function ruleOf({ path = '/', pathType, backend }: HTTPIngressPath, namespace: string): Rule {
  const isExact = pathType === 'Exact'
  const value = isExact ? rulePath(path) : prefixOf(rulePath(path))
  return {
    path: { type: isExact ? 'Exact' : 'Prefix', value },
    headers: [],
    query: [],
    action: actionOf(backend, namespace, value),
  }
}

const NO_CHANGES = { request: [], response: [] }

const actionOf = (ref: IngressBackend, namespace: string, prefix: string): Action => ({
  ...NO_CHANGES,
  backends: [{ backend: backendOf(ref, namespace), weight: 1, ...NO_CHANGES }],
  mirrors: [],
  prefix,
  missing: 503,
})

const backendOf = ({ service }: IngressBackend, namespace: string): Backend => ({
  namespace,
  service: service?.name,
  port: service?.port?.number ?? service?.port?.name,
})
