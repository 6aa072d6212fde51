// A host by the name that somebody typed.
import { Node } from '../../../shared/api/core/v1.ts'
import { Host } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { CommandError } from '../../process/usage-error.ts'

/**
 * @param advice for a name that is nobody's
 * @throws CommandError where there is none: a node that joined by itself is no host that can be reached from here
 */
export async function namedHost(client: Client, name: string, advice = ''): Promise<Host> {
  try {
    return await client.get(Host, { name })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  const isNode = await client.get(Node, { name }).then(
    () => true,
    () => false,
  )
  throw new CommandError(
    isNode
      ? `${name} is a node that is not over SSH; what is known of it: kubectl describe node ${name}; to take it out: flotilla node remove ${name} --forget`
      : `there is no host ${name}; see: flotilla node list${advice}`,
  )
}
