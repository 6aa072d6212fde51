// emptyDir volumes: a folder of the pod, memory, or huge pages.
import { chmod, chown, mkdir } from 'node:fs/promises'
import type { EmptyDirVolumeSource, Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { pageSizeOf } from '../node/huge-pages.ts'
import { wholeLimitsOf } from '../spec/resources.ts'
import { type HostTools, isMountPoint } from './mounts.ts'

/** Everyone may write, and files keep the folder's group. */
const MODE = 0o777
const SET_GROUP = 0o2000
const HUGE_PAGES = 'HugePages'

/** @param memoryBytes what all pods of the node may use together */
export async function prepareEmptyDir(
  folder: string,
  source: EmptyDirVolumeSource,
  memoryBytes: number,
  pod: Pick<Pod, 'spec'>,
  tools: HostTools,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const mount = mountOf(source, memoryBytes, pod)
  if (mount && !(await isMountPoint(folder))) await tools.mount([...mount, folder])
  const gid = pod.spec.securityContext?.fsGroup
  if (gid !== undefined) await chown(folder, 0, gid)
  await chmod(folder, gid === undefined ? MODE : MODE | SET_GROUP)
}

/** @returns what mount(8) is told; undefined for the disk */
function mountOf(
  { medium = '', sizeLimit }: EmptyDirVolumeSource,
  memoryBytes: number,
  pod: Pick<Pod, 'spec'>,
): string[] | undefined {
  if (medium === '') return undefined
  if (medium === 'Memory') {
    // No larger than what the pod could fill.
    const own = sizeLimit === undefined ? 0 : parseQuantity(sizeLimit).value()
    const sizes = [memoryBytes, wholeLimitsOf(pod.spec).get('memory')?.value() ?? 0, own].filter(size => size > 0)
    return [
      '-t',
      'tmpfs',
      '-o',
      ['mode=777', ...(sizes.length > 0 ? [`size=${Math.min(...sizes)}`] : [])].join(','),
      'tmpfs',
    ]
  }
  if (medium === HUGE_PAGES || medium.startsWith(`${HUGE_PAGES}-`))
    return ['-t', 'hugetlbfs', '-o', `pagesize=${pageSizeFor(medium, pod)}`, 'nodev']
  throw new Error(`unknown storage medium "${medium}"`)
}

/** Pages that no container asks for are not the pod's to use. */
function pageSizeFor(medium: string, { spec }: Pick<Pod, 'spec'>): number {
  const sizes = new Set(
    [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
      Object.keys(resources?.requests ?? {}).flatMap(name => pageSizeOf(name) ?? []),
    ),
  )
  const wanted = pageSizeOf(medium.replace(HUGE_PAGES, 'hugepages'))
  const [found] = medium === HUGE_PAGES ? sizes : [...sizes].filter(size => size === wanted)
  if (medium === HUGE_PAGES && sizes.size > 1)
    throw new Error(`medium: ${medium} can't be used if container requests multiple huge page sizes`)
  if (found === undefined)
    throw new Error(`medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`)
  return found
}
