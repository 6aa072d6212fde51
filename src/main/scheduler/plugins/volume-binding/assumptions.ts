// What this scheduler decided about claims and has not seen in its caches yet: pods of the next cycles must respect it.
import type { PersistentVolume, PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'

interface Assumed {
  /** The pod whose placement decided it. */
  readonly podUid: string
  readonly nodeName: string
  /** Undefined = it is to be provisioned on the node. */
  readonly volume?: PersistentVolume
}

export class VolumeAssumptions {
  /** By the claim's uid. */
  readonly #claims = new Map<string, Assumed>()
  /** Volume → the claim's uid. */
  readonly #volumes = new Map<string, string>()

  of(claim: PersistentVolumeClaim): Assumed | undefined {
    return this.#claims.get(claim.metadata.uid)
  }
  /** Whether the volume is meant for another claim. */
  taken(volume: string, claim: PersistentVolumeClaim): boolean {
    const holder = this.#volumes.get(volume)
    return holder !== undefined && holder !== claim.metadata.uid
  }
  /** What another pod decided before stays: both mount the same claim. */
  assume(claim: PersistentVolumeClaim, assumed: Assumed): void {
    const { uid } = claim.metadata
    if (this.#claims.has(uid)) return
    this.#claims.set(uid, assumed)
    if (assumed.volume) this.#volumes.set(assumed.volume.metadata.name, uid)
  }
  /** The pod's decisions are written, or given up. */
  drop(podUid: string): void {
    for (const [uid, assumed] of this.#claims) {
      if (assumed.podUid !== podUid) continue
      this.#claims.delete(uid)
      if (assumed.volume) this.#volumes.delete(assumed.volume.metadata.name)
    }
  }
}
