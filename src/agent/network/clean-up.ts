// Takes everything of the pod network off the host: links, routes, rules, firewall openings, kernel settings, files.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../../shared/machinery/log.ts'
import { type CniFolders, CniPodNetwork } from './cni/cni-pod-network.ts'
import { type Run, run as runTool } from './exec.ts'
import { IPV4, IPV6 } from './family.ts'
import { closeFirewalls } from './firewall/firewalls.ts'
import { ipBatchForce, listLinks } from './ip.ts'
import { ARRIVALS_TABLE, TABLE } from './names.ts'
import { removeNodeRoutes } from './node-routes.ts'
import { isPodLink } from './pod-network.ts'
import { removeServiceLink } from './service-link.ts'
import { restoreSysctls } from './sysctl.ts'

export interface CleanUpOptions {
  readonly stateDir: string
  readonly cni: CniFolders
  readonly run?: Run
}

/**
 * For a node that leaves, after its network was disposed of. Can be repeated; a host without our network stays as it
 * is. Pods lose their network.
 * @throws ToolError when a firewall cannot be put back
 */
export async function cleanUpNetwork({ stateDir, cni, run = runTool }: CleanUpOptions): Promise<void> {
  await new CniPodNetwork({ ...cni, run, stateDir, podCIDR: '', log: silentLog }).retain(new Set())
  const podLinks = (await listLinks(run)).filter(isPodLink)
  await ipBatchForce(
    run,
    podLinks.map(link => `link delete ${link.ifname}`),
  )
  await removeNodeRoutes(run)
  await removeServiceLink(run)
  const present = (await run(['nft', 'list', 'tables'])).split('\n')
  const ours = [...[IPV4, IPV6].map(({ ip }) => `${ip} ${TABLE}`), ARRIVALS_TABLE].map(name => `table ${name}`)
  const tables = ours.filter(table => present.includes(table))
  if (tables.length > 0) await run(['nft', '-f', '-'], { input: tables.map(table => `delete ${table}\n`).join('') })
  await closeFirewalls(run)
  // Last, when nothing of ours is left that would forward.
  restoreSysctls(join(stateDir, 'sysctls.json'))
  rmSync(stateDir, { recursive: true, force: true })
}
