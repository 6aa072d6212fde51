// Pod cgroups under Docker's systemd driver: slices. Their files are systemd's, which would write its own values over
// ours: it is told the limits instead, for as long as the machine runs.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { join } from 'node:path'
import type { Run } from '../../network/exec.ts'
import { CGROUP_ROOT } from '../runtime/cgroup-paths.ts'
import { type CgroupAmounts, type Limits, type PodCgroups, weightOf } from './contract.ts'
import { limitHugePages } from './huge-pages.ts'
import { onlyWider, parentLimits } from './parent-limits.ts'
import { removeCgroup } from './remove-cgroup.ts'

/** A dash in the name of a slice means the slice above it. */
const ALL_PODS = 'flotilla.slice'
const sliceOf = (uid: string): string => `flotilla-pod${uid.replace(/[^A-Za-z0-9]/g, '_')}.slice`

export interface SystemdCgroupsOptions {
  readonly amountsOf: (pod: Pod) => CgroupAmounts
  /** Of all pods together, against the rest of the machine. */
  readonly cpuShares: number
  readonly run: Run
}

export class SystemdCgroups implements PodCgroups {
  readonly #options: SystemdCgroupsOptions
  #parentIsSet = false

  constructor(options: SystemdCgroupsOptions) {
    this.#options = options
  }

  parentOf = sliceOf

  apply = (pod: Pod): Promise<void> => this.#give(pod, this.#options.amountsOf(pod))

  async widen(pod: Pod, sandboxPid: number): Promise<void> {
    await this.#give(pod, onlyWider(this.#options.amountsOf(pod), await parentLimits(sandboxPid)))
  }

  limitsOf = (sandboxPid: number): Promise<Limits | undefined> => parentLimits(sandboxPid).catch(() => undefined)

  async #give(pod: Pod, amounts: CgroupAmounts): Promise<void> {
    try {
      await this.#set(sliceOf(pod.metadata.uid), propertiesOf(amounts))
      if (!this.#parentIsSet) await this.#set(ALL_PODS, [`CPUWeight=${weightOf(this.#options.cpuShares)}`])
      this.#parentIsSet = true
      // systemd has no word for them and leaves the files alone.
      for (const root of [CGROUP_ROOT, join(CGROUP_ROOT, 'hugetlb')])
        await limitHugePages(join(root, ALL_PODS, sliceOf(pod.metadata.uid)), amounts.hugePages)
    } catch (error) {
      if (amounts.mustHold)
        throw new Error(`resources of the pod as a whole cannot be limited: ${(error as Error).message}`)
    }
  }

  async #set(slice: string, properties: readonly string[]): Promise<void> {
    await this.#options.run(['systemctl', 'set-property', '--runtime', slice, ...properties])
  }

  remove = (uid: string): Promise<void> => this.#remove(sliceOf(uid), `${ALL_PODS}/${sliceOf(uid)}`)

  async removeAll(): Promise<void> {
    const { run } = this.#options
    const others = await run(['systemctl', 'list-units', '--no-legend', 'flotilla-pod*.slice']).catch(() => '')
    if (others.trim() === '') await this.#remove(ALL_PODS, ALL_PODS)
  }

  async #remove(slice: string, path: string): Promise<void> {
    const { run } = this.#options
    // Both fail for a slice that is gone already.
    await run(['systemctl', 'stop', slice]).catch(() => undefined)
    await run(['systemctl', 'revert', slice]).catch(() => undefined)
    // Of controllers that systemd does not use itself.
    await removeCgroup(path)
  }
}

export function propertiesOf({ cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids }: CgroupAmounts): string[] {
  return [
    `CPUWeight=${weightOf(cpuShares)}`,
    ...(cpuQuota > 0 ? [`CPUQuota=${Math.max(1, Math.round((100 * cpuQuota) / cpuPeriod))}%`] : []),
    ...(memoryBytes > 0 ? [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0'] : []),
    ...(pids > 0 ? [`TasksMax=${pids}`] : []),
  ]
}
