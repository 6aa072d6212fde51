// The way that led to a host last, as its status keeps it: for a machine whose user's SSH configuration says nothing of
// the host, such as a server that the control plane has moved to.
import type { Host, HostHop } from '../../../shared/api/flotilla/v1.ts'
import { isHostName, isUserName } from './address.ts'
import { type ConnectOptions, connectRoute } from './connect.ts'
import type { SshConnection } from './connection.ts'
import { type Hop, SshError, hopName } from './contract.ts'
import { type RouteOptions, isConfigured, routeTo } from './route.ts'

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535

/** @returns undefined where none was written down, or what was is none; keys are the cluster's own, or an ssh-agent's */
export function recordedRoute({ status: { route = [] } }: Host): Hop[] | undefined {
  const good = route.every(({ host, port, user }) => isHostName(host) && isUserName(user) && isPort(port))
  if (!good || route.length === 0) return undefined
  return route.map(({ host, port, user }) => ({ host, port, user, identityFiles: [], identitiesOnly: false }))
}

export const asRecorded = (route: readonly Hop[]): HostHop[] =>
  route.map(({ host, port, user }) => ({ host, port, user }))

export const sameRoute = (one: readonly Hop[], other: readonly Hop[]): boolean =>
  one.map(hopName).join() === other.map(hopName).join()

/**
 * As this machine's SSH configuration leads there, and as it was written down; the latter first where the configuration
 * says nothing of the host.
 * @throws SshError BadAddress, BadConfig
 */
export function waysTo(host: Host, options: RouteOptions): Hop[][] {
  const { address } = host.spec
  const configured = routeTo(address, options)
  const recorded = recordedRoute(host)
  if (!recorded || sameRoute(recorded, configured)) return [configured]
  return isConfigured(address, options) ? [configured, recorded] : [recorded, configured]
}

export interface WayTaken {
  readonly connection: SshConnection
  readonly route: readonly Hop[]
}

/** @throws SshError of the first way when none leads there; at once when a host shows another key than it should */
export async function connectAny(ways: readonly (readonly Hop[])[], options: ConnectOptions): Promise<WayTaken> {
  let first: unknown
  for (const route of ways)
    try {
      return { connection: await connectRoute(route, options), route }
    } catch (error) {
      first ??= error
      if (!(error instanceof SshError) || error.code === 'HostKeyChanged') throw error
    }
  throw first ?? new SshError('BadAddress', 'there is no host to connect to')
}
