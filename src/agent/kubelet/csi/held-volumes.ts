// Which volumes of CSI drivers this node has, as far as it knows: wanted, staged, published. What another run of the agent
// has left is read off the disk.
import type { PersistentVolume } from '../../../shared/api/core/v1.ts'
import { podDirOf } from '../pod-dir.ts'
import type { CsiSource } from './contract.ts'
import {
  type Published,
  type Staged,
  blockPaths,
  findPublished,
  findStaged,
  keyOfData,
  persistentMountPath,
} from './csi-paths.ts'

export class HeldVolumes {
  readonly #dataDir: string
  /** By target: mounted, or perhaps. */
  readonly published = new Map<string, Published>()
  /** Targets that this run of the agent has mounted. */
  readonly done = new Set<string>()
  /** By target. */
  readonly staged = new Map<string, Staged>()
  /** Targets that this run of the agent has staged. */
  readonly stagedNow = new Set<string>()
  /** By unique name: pods that are being given it. */
  readonly #wanted = new Map<string, Set<string>>()
  /** Unique names of those that were attached for the node. */
  readonly #attachable = new Set<string>()

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  /** Learns what another run has left. */
  async load(objects: CsiSource): Promise<void> {
    for (const published of await findPublished(this.#dataDir)) this.published.set(published.target, published)
    for (const staged of await findStaged(this.#dataDir)) this.staged.set(staged.target, staged)
    for (const { data } of this.#all()) {
      if ('volumeLifecycleMode' in data && data.volumeLifecycleMode === 'Ephemeral') continue
      const described = await objects.csiDriver(data.driverName).catch(() => undefined) // the API does not answer: rather one too many
      this.setAttachable(keyOfData(data), described?.spec.attachRequired !== false)
    }
  }

  #all = (): (Published | Staged)[] => [...this.published.values(), ...this.staged.values()]

  /** Unique names of volumes that must not be detached from the node. */
  get inUse(): string[] {
    for (const key of this.#attachable) if (!this.isUsed(key)) this.#attachable.delete(key)
    return [...this.#attachable].toSorted()
  }

  setAttachable(key: string, isAttachable: boolean): void {
    if (isAttachable) this.#attachable.add(key)
    else this.#attachable.delete(key)
  }

  want(key: string, podUid: string): void {
    this.#wanted.set(key, (this.#wanted.get(key) ?? new Set()).add(podUid))
  }

  /** @returns unique names of what the pod was being given */
  unwant(podUid: string): Set<string> {
    const keys = new Set<string>()
    for (const [key, pods] of this.#wanted) {
      if (!pods.delete(podUid)) continue
      if (pods.size === 0) this.#wanted.delete(key)
      keys.add(key)
    }
    return keys
  }

  isUsed(key: string): boolean {
    return this.#wanted.has(key) || this.isMounted(key)
  }

  /** Whether it is staged or published, or perhaps. */
  isMounted(key: string): boolean {
    return this.#all().some(({ data }) => keyOfData(data) === key)
  }

  /** Whether a pod has it, or is being given it. */
  isPods(key: string): boolean {
    return this.#wanted.has(key) || [...this.published.values()].some(({ data }) => keyOfData(data) === key)
  }

  /** Uids of pods that something may be mounted for. */
  get pods(): ReadonlySet<string> {
    return new Set([...this.published.values()].map(({ podUid }) => podUid))
  }

  /** @returns where the volume is for the pod, while it is */
  targetOf(podUid: string, { metadata: { name } }: PersistentVolume): string | undefined {
    const podDir = podDirOf(this.#dataDir, podUid)
    const paths = [
      ...[false, true].map(isNamesake => persistentMountPath(podDir, name, { isNamesake })),
      blockPaths(this.#dataDir, name).publish(podUid),
    ]
    return paths.find(path => this.published.get(path)?.data.volumeLifecycleMode === 'Persistent')
  }
}
