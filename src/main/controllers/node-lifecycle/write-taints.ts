// Writes the taints of a node, unless somebody else has changed them meanwhile.
import { Node, type Taint } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { isReason } from '../../../shared/machinery/status.ts'

const PATH = '/spec/taints'

/**
 * Taints are replaced as a whole, so they must be those that were seen. The node's resourceVersion would say more than
 * that: a node that joins is changed by several at once, and every other one would have to try again.
 * @param seen the node that the taints were worked out for @returns whether they were written @throws ApiError
 */
export async function writeTaints(
  client: Client,
  seen: Node,
  taints: readonly Taint[],
  signal?: AbortSignal,
): Promise<boolean> {
  const { name, uid } = seen.metadata
  const patch = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: PATH, value: seen.spec.taints ?? null },
    taints.length > 0 ? { op: 'add', path: PATH, value: taints } : { op: 'remove', path: PATH },
  ]
  try {
    await client.patch(Node, { name }, patch, { type: 'json', ...(signal && { signal }) })
    return true
  } catch (error) {
    // A test that fails is told in the same way as taints that may not be.
    if (!isReason(error, 'Invalid') || (await isAsSeen(client, seen, signal))) throw error
    return false
  }
}

async function isAsSeen(
  client: Client,
  { metadata: { name, uid }, spec }: Node,
  signal?: AbortSignal,
): Promise<boolean> {
  const now = await client.get(Node, { name }, signal && { signal })
  return now.metadata.uid === uid && deepEqual(now.spec.taints, spec.taints)
}
