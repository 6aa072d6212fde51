// The node's part of the built-in provisioner: makes a volume's folder when it is first mounted, deletes it when the
// volume goes. Only folders directly below the agent's own are ever touched.
import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PersistentVolume } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { EventRecorder } from '../../../shared/client/events.ts'
import type { Informer } from '../../../shared/client/informer.ts'
import { LOCAL_VOLUME_FINALIZER, nodeOfLocalVolume } from '../../../shared/machinery/local-volumes.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { mountPoints } from './mounts.ts'

export interface LocalVolumesOptions {
  readonly dataDir: string
  readonly nodeName: string
  readonly client: Client
  /** All of them: which are this node's, each says itself. */
  readonly volumes: Informer<PersistentVolume>
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly log: Log
}

/** Kept by the control plane while the volume is somebody's. */
const PROTECTION = 'kubernetes.io/pv-protection'
const RETRY_MS = 10_000
/** Every user may write: whose data it is, fsGroup or the image decides. */
const MODE = 0o777

export const localVolumesPath = (dataDir: string): string => join(dataDir, 'local-volumes')

export class LocalVolumes implements Disposable {
  readonly #options: LocalVolumesOptions
  readonly #root: string
  /** By name: deletions under way, or waiting for another attempt. */
  readonly #deleting = new Map<string, () => void>()
  #disposed = false

  constructor(options: LocalVolumesOptions) {
    this.#options = options
    this.#root = localVolumesPath(options.dataDir)
    options.volumes.on({
      added: volume => this.#consider(volume),
      updated: volume => this.#consider(volume),
    })
  }

  /** Makes the folder of a volume that is this node's to make. @throws Error */
  async ensure(volume: PersistentVolume): Promise<void> {
    if (nodeOfLocalVolume(volume) !== this.#options.nodeName) return
    if (volume.metadata.deletionTimestamp) throw new Error(`volume "${volume.metadata.name}" is being deleted`)
    const path = this.#ownFolder(volume)
    await mkdir(this.#root, { recursive: true, mode: 0o755 })
    try {
      await mkdir(path)
      await chmod(path, MODE)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (!(await lstat(path)).isDirectory()) throw new Error(`path "${path}" is not a directory`)
    }
  }

  /** @throws Error for a path that is not directly below the agent's own folder */
  #ownFolder(volume: PersistentVolume): string {
    const path = volume.spec.local?.path ?? ''
    if (path !== join(path) || dirname(path) !== this.#root)
      throw new Error(`path "${path}" is not a folder of this node's local volumes in ${this.#root}`)
    return path
  }

  #consider(volume: PersistentVolume): void {
    const { name, deletionTimestamp, finalizers = [] } = volume.metadata
    if (!deletionTimestamp || !finalizers.includes(LOCAL_VOLUME_FINALIZER) || this.#deleting.has(name)) return
    if (nodeOfLocalVolume(volume) !== this.#options.nodeName) return
    if (finalizers.includes(PROTECTION) || volume.status.phase === 'Bound') return
    this.#deleting.set(name, () => undefined)
    void this.#delete(volume)
  }

  async #delete(volume: PersistentVolume): Promise<void> {
    const { client, recorder, log, clock } = this.#options
    const { name } = volume.metadata
    try {
      if (volume.spec.persistentVolumeReclaimPolicy !== 'Retain') await this.#removeFolder(this.#ownFolder(volume))
      await client.patch(PersistentVolume, { name }, withoutFinalizer(volume), { type: 'merge' })
      this.#deleting.delete(name)
    } catch (error) {
      if (this.#disposed) return
      const { message } = error as Error
      log.warn({ volume: name, error: message }, 'local volume not deleted')
      recorder.event(volume, 'Warning', 'VolumeFailedDelete', message)
      const cancel = clock.after(RETRY_MS, () => this.#again(name))
      this.#deleting.set(name, cancel)
    }
  }

  /** With what the API has now: somebody may have removed the finalizer. */
  #again(name: string): void {
    this.#deleting.delete(name)
    const volume = this.#options.volumes.lister.get({ name })
    if (volume) this.#consider(volume)
  }

  async #removeFolder(path: string): Promise<void> {
    const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (!found) return
    if (!found.isDirectory()) throw new Error(`path "${path}" is not a directory`)
    const mounted = (await mountPoints()).find(point => point === path || point.startsWith(`${path}/`))
    if (mounted) throw new Error(`path "${path}" is not deleted: something is mounted on ${mounted}`)
    await rm(path, { recursive: true })
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const cancel of this.#deleting.values()) cancel()
  }
}

/** Tied to the version that was looked at, so that nobody else's finalizer is lost. */
const withoutFinalizer = ({ metadata: { finalizers = [], resourceVersion } }: PersistentVolume) => ({
  metadata: { resourceVersion, finalizers: finalizers.filter(finalizer => finalizer !== LOCAL_VOLUME_FINALIZER) },
})
