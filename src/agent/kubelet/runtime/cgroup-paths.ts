// In which cgroups a process is.
import { readFile } from 'node:fs/promises'

export const CGROUP_ROOT = '/sys/fs/cgroup'

/** @returns paths by controller; that of cgroup v2 under '' @throws Error when the process is gone */
export async function cgroupPathsOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const table = await readFile(`/proc/${pid}/cgroup`, 'utf8')
  const paths = new Map<string, string>()
  for (const line of table.split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    for (const controller of controllers.split(',')) if (path !== '') paths.set(controller, path)
  }
  return paths
}

/**
 * Engines name them after the container.
 * @returns as `cgroupPathsOf` @throws Error when the process is gone, or shares the engine's own, as without root's rights
 */
export async function ownCgroupsOf({ id, pid }: { id: string; pid: number }): Promise<ReadonlyMap<string, string>> {
  const paths = await cgroupPathsOf(pid)
  const path = paths.get('memory') ?? paths.get('') ?? '/'
  if (!path.includes(id)) throw new Error('the container has no cgroup of its own')
  return paths
}
