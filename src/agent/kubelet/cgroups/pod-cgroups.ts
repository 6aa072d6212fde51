// Which kind of pod cgroups this node has, as the engine's driver wants.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { run } from '../../network/exec.ts'
import type { RuntimeVersion } from '../runtime/contract.ts'
import type { CgroupAmounts, PodCgroups } from './contract.ts'
import { FileCgroups } from './file-cgroups.ts'
import { SystemdCgroups } from './systemd-cgroups.ts'

const SHARES_PER_CPU = 1024

export interface PodCgroupsOptions {
  readonly driver: RuntimeVersion['cgroupDriver']
  readonly cpus: number
  readonly amountsOf: (pod: Pod) => CgroupAmounts
}

export function podCgroups({ driver, cpus, amountsOf }: PodCgroupsOptions): PodCgroups {
  const cpuShares = cpus * SHARES_PER_CPU
  if (driver === 'systemd') return new SystemdCgroups({ amountsOf, cpuShares, run })
  return driver === 'cgroupfs' ? new FileCgroups({ amountsOf, cpuShares }) : new NoCgroups(amountsOf)
}

/** An engine without cgroups, such as a rootless one that was not given any. */
class NoCgroups implements PodCgroups {
  readonly #amountsOf: (pod: Pod) => CgroupAmounts

  constructor(amountsOf: (pod: Pod) => CgroupAmounts) {
    this.#amountsOf = amountsOf
  }

  parentOf = () => undefined
  apply(pod: Pod): Promise<void> {
    if (!this.#amountsOf(pod).mustHold) return Promise.resolve()
    return Promise.reject(
      new Error('resources of the pod as a whole cannot be limited: Docker manages no cgroups here'),
    )
  }
  widen = (pod: Pod): Promise<void> => this.apply(pod)
  limitsOf = () => Promise.resolve(undefined)
  remove = () => Promise.resolve()
  removeAll = () => Promise.resolve()
}
