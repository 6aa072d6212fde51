// How many containers ended, by kind, exit code and reason, for /metrics.
import type { ContainerStateTerminated, ContainerStatus, PodStatus } from '../../../shared/api/core/v1.ts'

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

const endsOf = ({ state, lastState }: ContainerStatus): ContainerStateTerminated[] =>
  [state?.terminated, lastState?.terminated].filter(end => end !== undefined)

export class TerminationCounts {
  readonly #counts = new Map<string, TerminationCount>()

  /** Counts the containers that had not ended before; one that was replaced meanwhile is in the last state only. */
  observe(before: PodStatus, now: PodStatus): void {
    for (const [containerType, list] of LISTS)
      for (const status of now[list] ?? []) {
        const had = before[list]?.find(({ name }) => name === status.name)
        const known = new Set(had && endsOf(had).map(({ containerID }) => containerID))
        for (const end of endsOf(status)) if (!known.has(end.containerID)) this.#count(containerType, end)
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
