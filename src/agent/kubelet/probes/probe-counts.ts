// How many probes of which kind went well, for /metrics/probes.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { ProbeKind } from './prober.ts'

export interface ProbeCount {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly container: string
  readonly kind: ProbeKind
  readonly healthy: boolean
  count: number
}

export class ProbeCounts {
  readonly #counts = new Map<string, ProbeCount>()

  count({ metadata: { namespace, name, uid } }: Pod, container: string, kind: ProbeKind, healthy: boolean): void {
    const key = `${uid} ${container} ${kind} ${healthy}`
    const known = this.#counts.get(key)
    if (known) known.count++
    else this.#counts.set(key, { namespace, pod: name, uid, container, kind, healthy, count: 1 })
  }

  all(): Iterable<ProbeCount> {
    return this.#counts.values()
  }

  /** The pod is gone. */
  forget(uid: string): void {
    for (const [key, count] of this.#counts) if (count.uid === uid) this.#counts.delete(key)
  }
}
