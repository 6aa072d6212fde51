// How far beyond a backup's revision a restored store begins: what its cluster has written since was seen by clients and
// agents, and must lie before everything that they are shown from now on.
import type { EngineChoice } from '../open-engine.ts'

/** The first object of every cluster: it is as old as that. */
export const FIRST_KEY = '/registry/core/namespaces/kube-system'

/** @param value of that object, out of a backup. @returns undefined when it does not tell */
export function createdMs(value: string): number | undefined {
  const { metadata } = JSON.parse(value) as { readonly metadata?: { readonly creationTimestamp?: string } }
  const ms = Date.parse(metadata?.creationTimestamp ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/** Two hundred a second for the whole time: no cluster of this product's size writes more for long. */
const REVISIONS_PER_MS = 0.2
const LEAST_JUMP = 1_000_000
/** etcd can only count, some thousands a second. */
const LEAST_COUNTED = 1_000
/** Of what the cluster has written on average so far. */
const TIMES_THE_AVERAGE = 10
const SHORTEST_LIFE_MS = 600_000

/**
 * @param revision of the backup
 * @param times when the cluster was made, when the backup was, and now
 */
export function jumpOf(
  engine: EngineChoice['engine'],
  revision: number,
  { bornMs, madeMs, nowMs }: { readonly bornMs: number; readonly madeMs: number; readonly nowMs: number },
): number {
  const sinceMs = Math.max(0, nowMs - madeMs)
  const most = Math.ceil(sinceMs * REVISIONS_PER_MS)
  if (engine === 'nedb') return LEAST_JUMP + most
  const perMs = (TIMES_THE_AVERAGE * revision) / Math.max(madeMs - bornMs, SHORTEST_LIFE_MS)
  return LEAST_COUNTED + Math.min(most, Math.ceil(sinceMs * perMs))
}
