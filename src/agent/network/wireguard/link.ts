// The interface of the encrypted tunnel: the kernel's, or where it has none, the program wireguard-go's, which `wg` and
// `ip` treat alike.
import { WIREGUARD_LINK } from '../../../shared/machinery/node-network.ts'
import { hasTool, type Run, ToolError } from '../exec.ts'
import type { PreflightProblem } from '../contract.ts'

/** @throws ToolError where the host has neither */
export async function createLink(run: Run): Promise<void> {
  try {
    await run(['ip', 'link', 'add', WIREGUARD_LINK, 'type', 'wireguard'])
  } catch (error) {
    if (!(error instanceof ToolError) || !(await hasTool(run, PROGRAM))) throw error
    await run(['wireguard-go', WIREGUARD_LINK])
  }
}

const PROGRAM = ['wireguard-go', '--version'] as const

/** @returns what this host lacks for encrypted traffic between nodes. Changes nothing. */
export async function wireguardProblems(run: Run): Promise<PreflightProblem[]> {
  const why = 'This cluster has the traffic between nodes encrypted (its network backend is wireguard), and'
  const problem = (id: string, what: string) => ({ id, message: `${why} ${what}`, fatal: true })
  if (!(await hasTool(run, ['wg', '--version'])))
    return [problem('tool/wg', 'wg is missing on this host. Install the package wireguard-tools.')]
  // In a network namespace that ends with the command; the kernel loads its module for it.
  const isInKernel = await run(['unshare', '-n', 'ip', 'link', 'add', WIREGUARD_LINK, 'type', 'wireguard']).then(
    () => true,
    () => false,
  )
  if (isInKernel || (await hasTool(run, PROGRAM))) return []
  const help = 'Install a kernel with the module wireguard (Linux 5.6 and later have it), or the package wireguard-go.'
  return [problem('kernel/wireguard', `this host's kernel has no WireGuard. ${help}`)]
}
