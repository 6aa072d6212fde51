// Pod cgroups under Docker's cgroupfs driver: paths that the engine makes, files of the kernel that hold their limits.
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { CGROUP_ROOT, cgroupPathsOf } from '../runtime/cgroup-paths.ts'
import { type CgroupAmounts, type Limits, type PodCgroups, weightOf } from './contract.ts'
import { limitHugePages } from './huge-pages.ts'
import { onlyWider, parentLimits } from './parent-limits.ts'
import { removeCgroup } from './remove-cgroup.ts'

const ALL_PODS = 'flotilla'
const nameOf = (uid: string): string => `pod${uid.replace(/[^A-Za-z0-9-]/g, '_')}`

export interface FileCgroupsOptions {
  readonly amountsOf: (pod: Pod) => CgroupAmounts
  /** Of all pods together, against the rest of the machine. */
  readonly cpuShares: number
}

export class FileCgroups implements PodCgroups {
  readonly #options: FileCgroupsOptions

  constructor(options: FileCgroupsOptions) {
    this.#options = options
  }

  parentOf = (uid: string): string => `/${ALL_PODS}/${nameOf(uid)}`

  apply = (pod: Pod, sandboxPid: number): Promise<void> => this.#set(pod, sandboxPid, this.#options.amountsOf(pod))

  async widen(pod: Pod, sandboxPid: number): Promise<void> {
    await this.#set(pod, sandboxPid, onlyWider(this.#options.amountsOf(pod), await parentLimits(sandboxPid)))
  }

  limitsOf = (sandboxPid: number): Promise<Limits | undefined> => parentLimits(sandboxPid).catch(() => undefined)

  async #set(pod: Pod, sandboxPid: number, amounts: CgroupAmounts): Promise<void> {
    const paths = await cgroupPathsOf(sandboxPid)
    const isUnified = !paths.has('memory')
    const pathOf = (controller: string) => dirname((isUnified ? paths.get('') : paths.get(controller)) ?? '/')
    const isOwn = (controller: string) => basename(pathOf(controller)) === nameOf(pod.metadata.uid)
    const folder = (controller: string): string => {
      const path = pathOf(controller)
      // A sandbox of an older agent lives elsewhere, beside containers of others.
      if (!isOwn(controller)) throw new Error(`the pod has no cgroup of its own for ${controller}`)
      return isUnified ? join(CGROUP_ROOT, path) : join(CGROUP_ROOT, controller, path)
    }
    try {
      if (isUnified) await writeUnified(folder, amounts, this.#options.cpuShares)
      else await writeLegacy(folder, amounts, this.#options.cpuShares)
      if (isUnified || isOwn('hugetlb')) await limitHugePages(folder('hugetlb'), amounts.hugePages)
    } catch (error) {
      if (amounts.mustHold)
        throw new Error(`resources of the pod as a whole cannot be limited: ${(error as Error).message}`)
    }
  }

  async remove(uid: string): Promise<void> {
    await removeCgroup(join(ALL_PODS, nameOf(uid)))
  }

  /** Another agent's pods on this machine keep it. */
  removeAll = (): Promise<void> => removeCgroup(ALL_PODS)
}

type FolderOf = (controller: string) => string

async function writeLegacy(folder: FolderOf, amounts: CgroupAmounts, allShares: number): Promise<void> {
  const { cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids } = amounts
  const cpu = folder('cpu')
  await writeFile(join(cpu, 'cpu.shares'), String(cpuShares))
  await writeFile(join(dirname(cpu), 'cpu.shares'), String(allShares))
  if (cpuQuota > 0) {
    await writeFile(join(cpu, 'cpu.cfs_period_us'), String(cpuPeriod))
    await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(cpuQuota))
  }
  if (memoryBytes > 0) await writeMemory(folder('memory'), String(memoryBytes))
  if (pids > 0) await writeFile(join(folder('pids'), 'pids.max'), String(pids))
}

/** Memory may never be above memory and swap together: which comes first depends on whether they grow. */
async function writeMemory(folder: string, amount: string): Promise<void> {
  const memory = () => writeFile(join(folder, 'memory.limit_in_bytes'), amount)
  const withSwap = () =>
    writeFile(join(folder, 'memory.memsw.limit_in_bytes'), amount).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error // the kernel counts no swap
    })
  await memory().then(withSwap, () => withSwap().then(memory))
}

async function writeUnified(folder: FolderOf, amounts: CgroupAmounts, allShares: number): Promise<void> {
  const { cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids } = amounts
  const own = folder('cgroup')
  await writeFile(join(own, 'cpu.weight'), String(weightOf(cpuShares)))
  await writeFile(join(dirname(own), 'cpu.weight'), String(weightOf(allShares)))
  if (cpuQuota > 0) await writeFile(join(own, 'cpu.max'), `${cpuQuota} ${cpuPeriod}`)
  if (memoryBytes > 0) {
    await writeFile(join(own, 'memory.max'), String(memoryBytes))
    await writeFile(join(own, 'memory.swap.max'), '0').catch(() => undefined) // the kernel counts no swap
  }
  if (pids > 0) await writeFile(join(own, 'pids.max'), String(pids))
}
