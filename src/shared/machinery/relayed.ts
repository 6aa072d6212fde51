// The condition of a node that tells to which others its pods' packets have no direct way: written by its agent, read by
// who looks at the ways between nodes.
import type { NodeCondition } from '../api/core/v1.ts'
import { conditionOf } from './conditions.ts'

export const RELAYED = 'Relayed'

const START = 'pod traffic goes over the control plane to and from '
const END = ': no direct way is open'

/** @param nodes names of the others */
export const relayedMessage = (nodes: readonly string[]): string => `${START}${nodes.join(', ')}${END}`

/** @returns the names that it tells; undefined where the node tells nothing of the ways to others */
export function relayedNodes(conditions: readonly NodeCondition[] | undefined): string[] | undefined {
  const condition = conditionOf(conditions, RELAYED)
  if (!condition) return undefined
  const { status, message = '' } = condition
  if (status !== 'True' || !message.startsWith(START) || !message.endsWith(END)) return []
  return message.slice(START.length, -END.length).split(', ')
}
