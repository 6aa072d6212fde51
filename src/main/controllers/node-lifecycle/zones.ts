// How fast pods may be evicted: when much of a zone is silent, the network is the likelier culprit than the nodes.
import type { Node } from '../../../shared/api/core/v1.ts'
import { type TokenBucket, createTokenBucket } from '../../../shared/client/rate-limiter.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { noExecuteKey } from './taints.ts'

const NODES_PER_SECOND = 0.1
const SLOW_NODES_PER_SECOND = 0.01
const LARGE_ZONE = 50
const UNHEALTHY_SHARE = 0.55

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption'

export const zoneOfNode = ({ metadata: { labels } }: Node): string => {
  const region = labels?.['topology.kubernetes.io/region'] ?? ''
  const zone = labels?.['topology.kubernetes.io/zone'] ?? ''
  return `${region}:\0:${zone}`
}

/** Nodes that come and go say nothing about whether the others are cut off, if whoever runs them labels them so. */
export const countsForDisruption = ({ metadata: { labels } }: Node): boolean =>
  labels?.['node.kubernetes.io/exclude-disruption'] === undefined

export function zoneState(nodes: readonly Node[]): ZoneState {
  const notReady = nodes.filter(node => noExecuteKey(node) !== undefined).length
  if (notReady > 0 && notReady === nodes.length) return 'FullDisruption'
  return notReady > 2 && notReady / nodes.length >= UNHEALTHY_SHARE ? 'PartialDisruption' : 'Normal'
}

/** Whether no node at all is ready: then it is us who are cut off, and nobody is evicted. */
export const isFullyDisrupted = (nodes: readonly Node[]): boolean =>
  nodes.length > 0 && nodes.every(node => noExecuteKey(node) !== undefined)

export class EvictionPace {
  readonly #clock: Clock
  readonly #buckets = new Map<string, { readonly perSecond: number; readonly bucket: TokenBucket }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes one of the zone's turns. @param nodes of this zone */
  mayEvict(zone: string, nodes: readonly Node[]): boolean {
    const perSecond = paceOf(nodes)
    if (perSecond === 0) return false
    let entry = this.#buckets.get(zone)
    if (entry?.perSecond !== perSecond) {
      entry = { perSecond, bucket: createTokenBucket(this.#clock, perSecond, 1) }
      this.#buckets.set(zone, entry)
    }
    return entry.bucket.tryTake()
  }
}

function paceOf(nodes: readonly Node[]): number {
  if (zoneState(nodes) !== 'PartialDisruption') return NODES_PER_SECOND
  return nodes.length > LARGE_ZONE ? SLOW_NODES_PER_SECOND : 0
}
