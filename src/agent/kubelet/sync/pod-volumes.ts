// The volumes of one pod over its life: prepared before its first container, kept current while it runs.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type KubeletParts, factsOf, podReference, volumeOptions } from '../parts.ts'
import { addressesOf } from './sandbox.ts'
import { type Volumes, VolumeError, hasLiveVolumes, prepareVolumes } from '../volumes/volumes.ts'

export class PodVolumes {
  readonly #parts: KubeletParts
  /** Gives up pulling images for volumes. */
  readonly #signal: AbortSignal
  #volumes: Volumes | undefined
  #preparedAt = 0

  constructor(parts: KubeletParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  get current(): Volumes | undefined {
    return this.#volumes
  }

  /** @returns whether all volumes are there; what went wrong is told by an event */
  async prepare(pod: Pod): Promise<boolean> {
    const { objects, tokens, recorder, clock } = this.#parts
    const facts = factsOf(this.#parts, addressesOf(this.#parts, pod))
    try {
      const options = volumeOptions(this.#parts, pod, this.#signal)
      this.#volumes = await prepareVolumes({ pod, facts, objects, tokens }, options)
      this.#preparedAt = clock.monotonic()
      return true
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error
      recorder.event(podReference(pod), 'Warning', 'FailedMount', error.message)
      return false
    }
  }

  /** @returns when to look again; undefined = never */
  async refresh(pod: Pod): Promise<number | undefined> {
    const { clock, volumeRefreshMs } = this.#parts
    if (!this.#volumes || !hasLiveVolumes(pod)) return undefined
    if (clock.monotonic() - this.#preparedAt >= volumeRefreshMs) await this.prepare(pod)
    return volumeRefreshMs
  }
}
