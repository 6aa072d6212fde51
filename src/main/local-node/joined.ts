// Tells when this machine's Node object is Ready for the first time.
import { Node } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import { isConditionTrue } from '../../shared/machinery/conditions.ts'

/** @returns a function that stops watching */
export function onceReady(client: Client, nodeName: string, ready: () => void): () => void {
  const stop = new AbortController()
  const look = (node: Node) => {
    if (stop.signal.aborted || !isConditionTrue(node.status.conditions, 'Ready')) return
    stop.abort()
    ready()
  }
  const informer = new Informer(client, Node, { fieldSelector: `metadata.name=${nodeName}` })
  informer.on({ added: look, updated: look })
  void informer.start(stop.signal)
  return () => stop.abort()
}
