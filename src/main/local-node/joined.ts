// Tells when this machine's Node object is Ready for the first time, and until then what keeps it from that.
import { Node } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'

/** What passes by itself is not told: every agent says at first that its parts are not ready. */
const STANDING_MS = 10_000

export interface Hearers {
  ready(): void
  /** @param why what the agent says, once it has stood for a while */
  notReady(why: string): void
}

/**
 * @param anew what the node has said until now does not count, as after its agent was refused
 * @returns a function that stops watching
 */
export function onceReady(client: Client, nodeName: string, clock: Clock, hearers: Hearers, anew = false): () => void {
  const stop = new AbortController()
  /** When what does not count was said. */
  let before: string | undefined
  let standing: string | undefined
  let cancel: () => void = () => undefined
  const end = () => {
    stop.abort()
    cancel()
  }
  const look = ({ status }: Node) => {
    const condition = conditionOf(status.conditions, 'Ready')
    if (stop.signal.aborted || condition === undefined) return
    if (before !== undefined && condition.lastHeartbeatTime === before) return
    if (condition.status === 'True') {
      end()
      return void hearers.ready()
    }
    const why = condition.status === 'False' ? (condition.message ?? '') : ''
    if (why === standing) return
    standing = why
    cancel()
    // Sentences, in the brackets of a list.
    const text = why.replace(/^\[|\]$/g, '').replaceAll('., ', '. ')
    if (text !== '') cancel = clock.after(STANDING_MS, () => hearers.notReady(text))
  }
  const informer = new Informer(client, Node, { fieldSelector: `metadata.name=${nodeName}` })
  informer.on({
    added(node, initial) {
      if (anew && initial) before = conditionOf(node.status.conditions, 'Ready')?.lastHeartbeatTime
      else look(node)
    },
    updated: look,
  })
  void informer.start(stop.signal)
  return end
}
