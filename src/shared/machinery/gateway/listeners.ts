// What becomes of the listeners of Gateways: the agents serve by it, and the statuses tell it.
//
// All Gateways are served on the same addresses. So a port speaks one protocol, the oldest Gateway's; listeners of several
// Gateways for the same host and port serve the routes of all of them.
import {
  type Gateway,
  GATEWAY_GROUP,
  type Listener,
  type ReferenceGrant,
  type RouteGroupKind,
} from '../../api/gateway/v1.ts'
import { isOlder } from '../older.ts'
import { resolveCertificate } from './ours.ts'

export type ListenerProtocol = 'HTTP' | 'HTTPS'

export interface Verdict {
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

export interface JudgedListener {
  readonly gateway: Gateway
  readonly listener: Listener
  /** Routes of other kinds do not attach. */
  readonly supportedKinds: readonly RouteGroupKind[]
  readonly accepted: Verdict
  readonly conflicted: Verdict
  readonly resolvedRefs: Verdict
  /** `namespace/name` of the Secrets with its certificates, those that may be used. */
  readonly certificates: readonly string[]
  /** Whether requests can be answered: the ports of those that cannot stay closed. */
  readonly isServed: boolean
}

export interface ListenerWorld {
  /** Of our classes. */
  readonly gateways: readonly Gateway[]
  readonly grants: readonly ReferenceGrant[]
  /** Ports that Ingresses have. */
  readonly taken: ReadonlyMap<number, ListenerProtocol>
  /** @returns why no certificate can be had from this Secret; undefined when one can */
  readonly certificateProblem: (key: string) => string | undefined
}

const yes = (reason: string, message = ''): Verdict => ({ status: true, reason, message })
const no = (reason: string, message = ''): Verdict => ({ status: false, reason, message })

const SUPPORTED: RouteGroupKind = { group: GATEWAY_GROUP, kind: 'HTTPRoute' }
const isSupported = ({ group = GATEWAY_GROUP, kind }: RouteGroupKind): boolean =>
  group === SUPPORTED.group && kind === SUPPORTED.kind

/** @returns the listeners of each Gateway, in their order; the older Gateways first */
export function judgeListeners(world: ListenerWorld): JudgedListener[] {
  const ports = new Map(world.taken)
  return [...world.gateways].sort(isOlder).flatMap(gateway =>
    gateway.spec.listeners.map(listener => {
      const conflicted = conflictOf(listener, gateway.spec.listeners)
      const accepted = conflicted.status
        ? no(conflicted.reason, conflicted.message)
        : acceptance(listener, ports.get(listener.port))
      if (accepted.status) ports.set(listener.port, listener.protocol as ListenerProtocol)
      const { supportedKinds, unsupported } = kindsOf(listener)
      const tls = listener.protocol === 'HTTPS' ? certificates(gateway, listener, world) : { keys: [] }
      const resolvedRefs = unsupported
        ? no('InvalidRouteKinds', `routes of the kind ${unsupported} are not supported`)
        : (tls.problem ?? yes('ResolvedRefs'))
      return {
        gateway,
        listener,
        supportedKinds,
        accepted,
        conflicted,
        resolvedRefs,
        certificates: tls.keys,
        isServed: accepted.status && supportedKinds.length > 0 && (listener.protocol === 'HTTP' || tls.keys.length > 0),
      }
    }),
  )
}

function conflictOf(listener: Listener, all: readonly Listener[]): Verdict {
  const others = all.filter(({ name, port }) => name !== listener.name && port === listener.port)
  if (others.some(({ protocol }) => protocol !== listener.protocol))
    return yes('ProtocolConflict', `port ${listener.port} is to speak two protocols`)
  const host = (name: string | undefined) => (name ?? '').toLowerCase()
  if (others.some(({ hostname }) => host(hostname) === host(listener.hostname)))
    return yes('HostnameConflict', `two listeners have the same host name on port ${listener.port}`)
  return no('NoConflicts')
}

function acceptance({ protocol, port }: Listener, taken: ListenerProtocol | undefined): Verdict {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS')
    return no('UnsupportedProtocol', `listeners speak HTTP or HTTPS, not ${protocol}`)
  if (taken !== undefined && taken !== protocol)
    return no('PortUnavailable', `port ${port} speaks ${taken}, by an older Gateway or an Ingress`)
  return yes('Accepted')
}

function kindsOf({ protocol, allowedRoutes }: Listener): { supportedKinds: RouteGroupKind[]; unsupported?: string } {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') return { supportedKinds: [] }
  const asked = allowedRoutes?.kinds ?? []
  const unsupported = asked.find(kind => !isSupported(kind))?.kind
  const supportedKinds = asked.length === 0 || asked.some(isSupported) ? [SUPPORTED] : []
  return { supportedKinds, ...(unsupported !== undefined && { unsupported }) }
}

function certificates(
  gateway: Gateway,
  { tls }: Listener,
  { grants, certificateProblem }: ListenerWorld,
): { keys: string[]; problem?: Verdict } {
  const refs = tls?.certificateRefs ?? []
  if (refs.length === 0) return { keys: [], problem: no('InvalidCertificateRef', 'there is no certificateRef') }
  const keys: string[] = []
  let problem: Verdict | undefined
  for (const ref of refs) {
    const found = resolveCertificate(gateway, ref, grants)
    if (found.problem === 'RefNotPermitted')
      problem ??= no('RefNotPermitted', `no ReferenceGrant allows Secret ${ref.namespace ?? ''}/${ref.name}`)
    else if (found.problem) problem ??= no('InvalidCertificateRef', `${ref.kind ?? ''} ${ref.name} is no Secret`)
    else {
      const key = `${found.namespace}/${found.name}`
      const missing = certificateProblem(key)
      if (missing === undefined) keys.push(key)
      else problem ??= no('InvalidCertificateRef', `Secret ${key}: ${missing}`)
    }
  }
  return { keys, ...(problem && { problem }) }
}
