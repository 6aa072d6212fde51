// A pod's own cgroup: the parent of its sandbox's and its containers', so that limits hold for the pod as a whole and
// its weight against other pods is that of all its requests.
import type { Pod } from '../../../shared/api/core/v1.ts'

export interface PodCgroups {
  /** What the engine is told as the parent of the pod's containers; undefined where it manages no cgroups. */
  parentOf(uid: string): string | undefined
  /**
   * Gives the cgroup what the pod asks for.
   * @param sandboxPid a process of the pod
   * @throws Error when limits that the pod as a whole asks for itself cannot be enforced
   */
  apply(pod: Pod, sandboxPid: number): Promise<void>
  /** The same, but no limit becomes narrower: its containers may still have more than they will. */
  widen(pod: Pod, sandboxPid: number): Promise<void>
  /** @returns its limits now; undefined where there are none to read */
  limitsOf(sandboxPid: number): Promise<Limits | undefined>
  /** Removes it, if nothing is in it. Idempotent, never fails. */
  remove(uid: string): Promise<void>
  /** Removes what holds them all, when no pod is left. Idempotent, never fails. */
  removeAll(): Promise<void>
}

/** What a cgroup is set to. */
export interface CgroupAmounts {
  readonly cpuShares: number
  /** Microseconds per `cpuPeriod`; 0 = unlimited. */
  readonly cpuQuota: number
  /** Microseconds. */
  readonly cpuPeriod: number
  /** 0 = unlimited. */
  readonly memoryBytes: number
  /** 0 = unlimited. */
  readonly pids: number
  /** Bytes by the kernel's name of the page size, such as `2MB`; none of a size that is not here. */
  readonly hugePages: ReadonlyMap<string, number>
  /** Whether the pod as a whole asks for a limit itself: then it may not be without. */
  readonly mustHold: boolean
}

/** Of them, those that a container may not have more of than the cgroup above it. */
export type Limits = Pick<CgroupAmounts, 'cpuQuota' | 'memoryBytes'>

/** The kernel's weight of cgroup v2, 1 to 10,000, for shares of v1, 2 to 262,144: as runc converts them. */
export const weightOf = (cpuShares: number): number => 1 + Math.floor(((cpuShares - 2) * 9999) / 262_142)
