// Follows what the cluster tells about its API server's addresses, and says on the node what it has understood: whoever
// moves the control plane waits for that.
import { ConfigMap, Node } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import { API_SERVERS, KNOWN_API_SERVERS, parseServers } from '../../shared/machinery/api-servers.ts'
import { type Clock, delay } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { KnownServers } from './known-servers.ts'

export interface FollowOptions {
  readonly client: Client
  readonly servers: KnownServers
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

const RETRY_MS = 2_000

/** Resolves when the signal aborts. */
export async function followServers({ client, servers, nodeName, clock, log, signal }: FollowOptions): Promise<void> {
  const informer = new Informer(client, ConfigMap, {
    namespace: API_SERVERS.namespace,
    fieldSelector: `metadata.name=${API_SERVERS.name}`,
    clock,
    onError: error => log.debug({ error: String(error) }, 'watch of the API servers interrupted'),
  })
  /** What is to be said, until it is: only the newest counts. */
  let unsaid: string | null | undefined
  let saying: Promise<void> | undefined
  const say = async () => {
    while (unsaid !== undefined && !signal.aborted) {
      const text = unsaid
      try {
        const metadata = { annotations: { [KNOWN_API_SERVERS]: text } }
        await client.patch(Node, { name: nodeName }, { metadata }, { type: 'merge', signal })
        if (unsaid === text) unsaid = undefined
      } catch (error) {
        log.debug({ error: String(error) }, 'the known API servers are not told yet')
        await delay(clock, RETRY_MS, signal).catch(() => undefined) // aborted: the loop ends
      }
    }
    saying = undefined
  }
  const take = ({ servers: text, peers }: Readonly<Record<string, string>>) => {
    const told = [...parseServers(text), ...parseServers(peers)]
    log.info({ servers: told }, 'addresses of the API server')
    servers.learn(told)
    unsaid = text ?? null
    saying ??= say()
  }
  const takeMap = ({ data }: ConfigMap) => take(data ?? {})
  informer.on({ added: takeMap, updated: takeMap, deleted: () => take({}) })
  await informer.start(signal)
  await saying
}
