// Watches the way to every other node, and has what does not get through relayed.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { Owned } from '../../../shared/machinery/owned.ts'
import type { Peer, PeerPlan } from '../node-routes.ts'
import { PathProbe, type ProbeTarget } from './path-probe.ts'
import { Reachability, type ReachabilityOptions } from './reachability.ts'
import type { Relay } from './relay.ts'

export interface WatchReachOptions {
  readonly nodeIP: string
  readonly podCIDR: string
  /** @returns how pods' packets travel while nothing is relayed */
  readonly usual: () => PeerPlan
  readonly relay: Relay
  /** Without it this node answers the others only. */
  readonly dial: ((nodeName: string) => Promise<Duplex>) | undefined
  /** What asks whether a node is reached. Default: the probe itself, which a relay does not lead elsewhere. */
  readonly reaches?: ((probe: PathProbe) => ReachabilityOptions['reaches']) | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Ended by dispose. */
export async function watchReach({
  nodeIP,
  podCIDR,
  usual,
  dial,
  reaches = probe => (_nodeName, target, late) => probe.reaches(target, late),
  ...rest
}: WatchReachOptions): Promise<AsyncDisposable> {
  const owned = new Owned()
  const probe = owned.use(new PathProbe({ nodeIP, podCIDR, clock: rest.clock }))
  await probe.start()
  const target = (peer: Peer, isTunnelled: boolean): [string, ProbeTarget] => [peer.nodeName, { ...peer, isTunnelled }]
  const peers = () =>
    new Map([...usual().direct.map(peer => target(peer, false)), ...usual().tunnelled.map(peer => target(peer, true))])
  if (dial) owned.use(new Reachability({ ...rest, peers, dial, reaches: reaches(probe) }))
  return owned
}
