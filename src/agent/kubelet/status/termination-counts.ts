// How many containers ended, by kind, exit code and reason, for /metrics.
import type { ContainerStatus, PodStatus } from '../../../shared/api/core/v1.ts'

export interface TerminationCount {
  readonly containerType: 'init_container' | 'container' | 'ephemeral_container'
  readonly exitCode: number
  readonly reason: string
  count: number
}

const LISTS = [
  ['init_container', 'initContainerStatuses'],
  ['container', 'containerStatuses'],
  ['ephemeral_container', 'ephemeralContainerStatuses'],
] as const

export class TerminationCounts {
  readonly #counts = new Map<string, TerminationCount>()

  /** Counts the containers that had not ended before. */
  observe(before: PodStatus, now: PodStatus): void {
    for (const [containerType, list] of LISTS)
      for (const { name, state } of now[list] ?? []) {
        const had = before[list]?.find((status: ContainerStatus) => status.name === name)
        if (state?.terminated && !had?.state?.terminated) this.#count(containerType, state.terminated)
      }
  }

  all(): Iterable<TerminationCount> {
    return this.#counts.values()
  }

  #count(containerType: TerminationCount['containerType'], ended: { exitCode: number; reason?: string }): void {
    const { exitCode, reason = '' } = ended
    const key = `${containerType} ${exitCode} ${reason}`
    const known = this.#counts.get(key)
    if (known) known.count++
    else this.#counts.set(key, { containerType, exitCode, reason, count: 1 })
  }
}
