// The volumes of one pod over its life: prepared before its first container, their files kept current while it runs.
import type { Container, Pod, Volume } from '../../../shared/api/core/v1.ts'
import { type KubeletParts, factsOf, volumeOptions } from '../parts.ts'
import { keepCsiVolumes, mayBeCsi } from '../csi/csi-upkeep.ts'
import { allContainers } from '../spec/containers.ts'
import { usedVolumes } from '../spec/volume-use.ts'
import { podReference } from '../references.ts'
import type { WaitReason } from '../status/container-status.ts'
import { addressesOf } from './sandbox.ts'
import { ImageVolumeError, type Volumes, VolumeError, isLive, prepareVolumes } from '../volumes/volumes.ts'
import type { Written } from '../volumes/atomic-writer.ts'
import type { WakeLoop } from './wake-loop.ts'

export class PodVolumes {
  readonly #parts: KubeletParts
  readonly #loop: WakeLoop
  /** Gives up pulling images for volumes, and keeping files current. */
  readonly #signal: AbortSignal
  readonly #written: Written = new Map()
  #volumes: Volumes | undefined
  #imageMissing: ImageVolumeError | undefined
  /** Of the last pass in which it ran. */
  #pod: Pod | undefined
  /** Its files are looked at again and again. */
  #isKept = false
  #cancel: () => void = () => undefined

  constructor(parts: KubeletParts, loop: WakeLoop, signal: AbortSignal) {
    this.#parts = parts
    this.#loop = loop
    this.#signal = signal
    signal.addEventListener('abort', () => this.#cancel(), { once: true })
  }

  get current(): Volumes | undefined {
    return this.#volumes
  }

  /** @returns whether all that the pod's containers use has been prepared; one that is added later may use more */
  has(pod: Pod): boolean {
    const volumes = this.#volumes
    return volumes !== undefined && usedVolumes(pod).every(({ name }) => volumes.has(name))
  }

  /** What containers wait for that mount a volume whose image is not there, by their names. */
  waiting(pod: Pod): ReadonlyMap<string, WaitReason> {
    const missing = this.#imageMissing
    if (!missing) return new Map()
    const { volume, reason, message } = missing
    const mounts = ({ volumeMounts = [] }: Container) => volumeMounts.some(({ name }) => name === volume)
    return new Map(
      allContainers(pod)
        .filter(mounts)
        .map(({ name }) => [name, { reason, message }]),
    )
  }

  /** @returns whether all volumes are there; what went wrong is told by an event */
  async prepare(pod: Pod): Promise<boolean> {
    this.#imageMissing = undefined
    const volumes = await this.#attempt(pod, usedVolumes(pod))
    this.#volumes = volumes ?? this.#volumes
    return volumes !== undefined
  }

  async #attempt(pod: Pod, which: readonly Volume[]): Promise<Volumes | undefined> {
    const { objects, tokens, recorder } = this.#parts
    const facts = factsOf(this.#parts, addressesOf(this.#parts, pod))
    const options = volumeOptions(this.#parts, pod, { written: this.#written, signal: this.#signal })
    try {
      return await prepareVolumes({ pod, facts, objects, tokens }, which, options)
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error
      if (error instanceof ImageVolumeError) this.#imageMissing = error
      // Of a pod that ends, waiting was given up.
      if (!this.#signal.aborted) recorder.event(podReference(pod), 'Warning', 'FailedMount', error.message)
      return undefined
    }
  }

  /** The pod runs: from now on its files follow what they show, beginning at once where another agent prepared them. */
  keepCurrent(pod: Pod): void {
    this.#pod = pod
    if (this.#isKept || !usedVolumes(pod).some(volume => isLive(volume) || mayBeCsi(volume))) return
    this.#isKept = true
    this.#refreshIn(this.#volumes ? this.#parts.volumeRefreshMs : 0)
  }

  #refreshIn(delayMs: number): void {
    if (this.#signal.aborted) return
    this.#cancel = this.#parts.clock.after(delayMs, () => this.#loop.errand(() => this.#refresh()))
  }

  async #refresh(): Promise<void> {
    if (this.#signal.aborted || !this.#pod) return
    try {
      await this.#attempt(this.#pod, usedVolumes(this.#pod).filter(isLive))
      await keepCsiVolumes(this.#parts, this.#pod, this.#signal)
    } finally {
      this.#refreshIn(this.#parts.volumeRefreshMs)
    }
  }
}
