// How the cluster is, in three numbers, followed live: for the tray, also while no window is open.
import { Agent, fetch } from 'undici'
import { Node, Pod } from '../../shared/api/core/v1.ts'
import { fetchTransport } from '../../shared/client/fetch-transport.ts'
import { Informer } from '../../shared/client/informer.ts'
import { createClient } from '../../shared/client/typed-client.ts'
import { isConditionTrue } from '../../shared/machinery/conditions.ts'
import type { KubeconfigIdentity } from '../data-folder/kubeconfig-file.ts'

export interface ClusterSummary {
  readonly nodes: number
  readonly readyNodes: number
  /** Pods that wait or failed. */
  readonly strandedPods: number
}

/** Changes come in bursts; the tray is redrawn once for each. */
const SETTLE_MS = 250

/** Follows the cluster until disposed of. @param onChange told when the numbers change */
export function followCluster(
  { server, ca, cert, key }: KubeconfigIdentity,
  onChange: (summary: ClusterSummary) => void,
): AsyncDisposable {
  const dispatcher = new Agent({ connect: { ca, cert, key, minVersion: 'TLSv1.2' }, bodyTimeout: 0 })
  const client = createClient(
    fetchTransport({ baseUrl: server, fetch: (url, init) => fetch(url, { ...init, dispatcher }) }),
  )
  const nodes = new Informer(client, Node)
  // Nothing but the pods in question is held: a cluster may have many that run.
  const stranded = new Informer(client, Pod, { fieldSelector: 'status.phase!=Running,status.phase!=Succeeded' })
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let told = ''

  function tell() {
    timer = undefined
    if (!nodes.hasSynced || !stranded.hasSynced) return
    const all = nodes.lister.list()
    const summary: ClusterSummary = {
      nodes: all.length,
      readyNodes: all.filter(node => isConditionTrue(node.status?.conditions, 'Ready')).length,
      strandedPods: stranded.lister.list().length,
    }
    const text = JSON.stringify(summary)
    if (text !== told) onChange(summary)
    told = text
  }
  const changed = () => void (timer ??= setTimeout(tell, SETTLE_MS))
  const running = [nodes, stranded].map(informer => {
    informer.on({ added: changed, updated: changed, deleted: changed })
    informer.synced().then(changed, () => undefined)
    return informer.start(stop.signal)
  })
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      clearTimeout(timer)
      await Promise.allSettled(running)
      await dispatcher.destroy()
    },
  }
}
