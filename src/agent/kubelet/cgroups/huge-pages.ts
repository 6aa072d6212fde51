// The limit of huge pages in a pod's cgroup: what its containers ask for together, and none of any other size. Docker
// has no such limit for a container.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** With `rsvd` pages count when they are mapped, else when they are touched. */
const LIMIT = /^hugetlb\.(\d+[KMG]B)\.(?:rsvd\.)?(?:limit_in_bytes|max)$/

/**
 * @param folder the pod's cgroup; one without the controller is left as it is
 * @param limits bytes by the kernel's name of the size
 */
export async function limitHugePages(folder: string, limits: ReadonlyMap<string, number>): Promise<void> {
  for (const file of await readdir(folder).catch(() => [])) {
    const size = LIMIT.exec(file)?.[1]
    if (size !== undefined) await writeFile(join(folder, file), String(limits.get(size) ?? 0))
  }
}
