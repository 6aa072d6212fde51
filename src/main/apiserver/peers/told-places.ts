// Where the API servers are, for those who are not in the cluster's network: nodes hear of all that live, and of each
// other one when theirs ends; who is about to join finds one that lives.
import { ConfigMap } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { API_SERVERS } from '../../../shared/machinery/api-servers.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { type ClusterInfo, clusterInfo, serverOf } from '../bootstrap/cluster-info.ts'

/** Neither one that leads somebody else to themselves, nor, of what a Lease says, what is no URL. */
function leadsHere(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return !(/^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]' || hostname === 'localhost')
}

const stored = (client: Client, { namespace, name }: { readonly namespace: string; readonly name: string }) =>
  client.get(ConfigMap, { namespace, name }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })

/** @param urls of all that live; undefined where there is only one, and each node was told of it when it joined */
export async function tellNodes(client: Client, urls: readonly string[] | undefined): Promise<void> {
  const peers = urls && JSON.stringify([...new Set(urls)].filter(leadsHere).sort())
  const known = await stored(client, API_SERVERS)
  if (known?.data?.peers === peers) return
  if (known) await client.patch(ConfigMap, API_SERVERS, { data: { peers: peers ?? null } }, { type: 'merge' })
  else if (peers !== undefined) await client.create(ConfigMap, { metadata: API_SERVERS, data: { peers } })
}

/**
 * Names this API server where one was named that lives no more.
 * @param urls of all that live
 */
export async function tellJoiners(client: Client, own: ClusterInfo, urls: readonly string[]): Promise<void> {
  const { metadata, data } = clusterInfo(own)
  const known = await stored(client, metadata)
  const named = serverOf(known?.data?.kubeconfig)
  if (!known || named === undefined || urls.includes(named)) return
  await client.update(ConfigMap, { ...known, data })
}
