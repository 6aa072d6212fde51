// Removes cgroups that are empty, wherever the kernel has them.
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CGROUP_ROOT } from '../runtime/cgroup-paths.ts'

/** @param path below the root of a hierarchy; one that is not there, or not empty, stays as it is */
export async function removeCgroup(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await rmdir(join(hierarchy, path)).catch(() => undefined)
}

/** One folder per controller in version 1, besides the one of version 2. */
async function hierarchies(): Promise<string[]> {
  const entries = await readdir(CGROUP_ROOT, { withFileTypes: true }).catch(() => [])
  return [CGROUP_ROOT, ...entries.filter(entry => entry.isDirectory()).map(({ name }) => join(CGROUP_ROOT, name))]
}
