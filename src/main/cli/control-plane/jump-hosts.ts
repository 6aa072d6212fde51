// Hosts behind jump hosts, in a move: the server is to reach them as this machine does. Each jump host lets the cluster's
// own key through to them, and to nothing else.
import { join } from 'node:path'
import { Host } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { clusterIdOf, openOwnKey } from '../../provisioning/own-key.ts'
import { type Door, closeDoor, doorName, doorsOf, openDoor } from '../../provisioning/server/doors.ts'
import type { SshConnection } from '../../provisioning/ssh/connection.ts'
import { type Hop, SshError } from '../../provisioning/ssh/contract.ts'
import { recordedRoute, sameRoute } from '../../provisioning/ssh/recorded-route.ts'
import { forgetLeftovers } from './leftovers.ts'
import { connectJumpHost, ownRouteTo, prompterFor } from './ssh.ts'
import type { AnswerFlags } from '../node/answerer.ts'

export interface JumpHosts {
  /** Those that the server reaches, or that are behind one of those. */
  readonly doors: readonly Door[]
  /** What a plan says, a sentence each. */
  readonly plan: readonly string[]
  /** Accepted host keys by endpoint. */
  readonly hostKeys: ReadonlyMap<string, string>
}

/** What is to be opened for the server. Changes nothing. @throws ApiError, SshError ConnectionLost */
export async function jumpHosts(client: Client, server: SshConnection): Promise<JumpHosts> {
  const hosts = (await client.list(Host)).items.filter(({ status }) => status.nodeName !== undefined)
  const hostKeys = new Map(
    hosts.flatMap(({ status }) => (status.hostKeys ?? []).map(pin => [pin.endpoint, pin.fingerprint] as const)),
  )
  const doors: Door[] = []
  const plan: string[] = []
  for (const door of doorsOf(hosts.flatMap(routeOf))) {
    const [first] = door.route
    const what = `${doorName(door)}, the way to ${door.opens.join(' and ')}`
    if (first && (await reaches(server, first))) {
      doors.push(door)
      plan.push(`let the cluster's key through ${what}, and to run nothing there`)
    } else plan.push(`the server does not reach ${what}: those behind it must reach the server by themselves`)
  }
  return { doors, plan, hostKeys }
}

/** With the key files of this user, where the way is still the same. */
function routeOf(host: Host): Hop[][] {
  const recorded = recordedRoute(host)
  if (!recorded) return []
  try {
    const own = ownRouteTo(host.spec.address)
    return [sameRoute(own, recorded) ? own : recorded]
  } catch {
    return [recorded]
  }
}

async function reaches(server: SshConnection, { host, port }: Hop): Promise<boolean> {
  try {
    const stream = await server.forwardOut(host, port)
    stream.destroy()
    return true
  } catch (error) {
    if (error instanceof SshError && error.code === 'ForwardingRefused') return false
    throw error
  }
}

interface Cluster {
  readonly dataDir: string
  readonly ca: string
}

/** @throws SshError */
export async function openDoors(cluster: Cluster, { doors, hostKeys }: JumpHosts, flags: AnswerFlags): Promise<void> {
  const ownKey = await openOwnKey(join(cluster.dataDir, 'ssh'), clusterIdOf(cluster.ca))
  for (const door of doors) {
    await using jump = await connectJumpHost(cluster.dataDir, door.route, prompterFor(doorName(door), flags), hostKeys)
    await openDoor(jump, ownKey, door.opens)
  }
}

/** @returns what was in the way, a sentence each: that one stays noted */
export async function closeDoors(cluster: Cluster, doors: readonly Door[], flags: AnswerFlags): Promise<string[]> {
  const ownKey = await openOwnKey(join(cluster.dataDir, 'ssh'), clusterIdOf(cluster.ca))
  const problems: string[] = []
  for (const door of doors)
    try {
      await using jump = await connectJumpHost(cluster.dataDir, door.route, prompterFor(doorName(door), flags))
      await closeDoor(jump, ownKey)
      forgetLeftovers(cluster.dataDir, { servers: [], doors: [door] })
    } catch (error) {
      if (!(error instanceof SshError)) throw error
      problems.push(error.message)
    }
  return problems
}
