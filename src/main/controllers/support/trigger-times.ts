// When what the endpoints of a Service show last changed, for measuring how long it took to program it.
import type { Pod, Service } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'

/** The annotation; source: the Kubernetes reference, well-known labels, annotations and taints. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Pods by name → when they last became ready, or not ready. */
type PodTimes = ReadonlyMap<string, string>

/** Compares with what was seen of a Service the time before. */
export class TriggerTimes {
  readonly #seen = new Map<string, PodTimes>()

  /** @returns RFC 3339: the earliest of what is new since the last call; undefined when nothing is, as after a deletion */
  of(service: Service, pods: readonly Pod[]): string | undefined {
    const key = keyOf(service.metadata)
    const before = this.#seen.get(key)
    const now = readyTimes(pods)
    this.#seen.set(key, now)
    if (!before) return service.metadata.creationTimestamp
    const news = [...now].filter(([name, time]) => time > (before.get(name) ?? '')).map(([, time]) => time)
    return news.reduce<string | undefined>((first, time) => (first && first < time ? first : time), undefined)
  }

  forget(service: ObjectRef): void {
    this.#seen.delete(keyOf(service))
  }
}

function readyTimes(pods: readonly Pod[]): PodTimes {
  const times = new Map<string, string>()
  for (const { metadata, status } of pods) {
    const time = conditionOf(status.conditions, 'Ready')?.lastTransitionTime
    if (time) times.set(metadata.name, time)
  }
  return times
}

/** @param time undefined: nothing is told of it */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> {
  const { [TRIGGER_TIME]: _before, ...others } = annotations ?? {}
  return time ? { ...others, [TRIGGER_TIME]: time } : others
}
