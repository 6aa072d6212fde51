// How large packets may be that leave by the node's own link.
import type { Run } from './exec.ts'
import { listAddresses } from './ip.ts'

/** Pods use what the node's own link carries; the tunnel's smaller size is announced to TCP by the rules. */
export async function uplinkMtu(run: Run, nodeIP: string): Promise<number> {
  const name = (await listAddresses(run)).find(({ addr_info }) =>
    addr_info.some(({ local }) => local === nodeIP),
  )?.ifname
  const output = name && name !== 'lo' ? await run(['ip', '-j', 'link', 'show', 'dev', name]) : '[]'
  const [link] = JSON.parse(output) as { mtu?: number }[]
  return link?.mtu ?? 1500
}
