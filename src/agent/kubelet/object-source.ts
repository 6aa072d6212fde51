// ConfigMaps, Secrets, claims and volumes that pods on this node refer to: fetched when needed, kept for a while, and
// kept on disk so that pods start again while the API server is away.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigMap, PersistentVolume, PersistentVolumeClaim, Secret } from '../../shared/api/core/v1.ts'
import { ResourceClaim } from '../../shared/api/resource/v1.ts'
import { RuntimeClass } from '../../shared/api/node/v1.ts'
import { CSIDriver, VolumeAttachment } from '../../shared/api/storage/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { ApiError, isNotFound } from '../../shared/machinery/status.ts'
import type { CsiSource } from './csi/contract.ts'
import type { RuntimeClassSource } from './parts.ts'
import type { ObjectSource } from './spec/env.ts'
import type { ResourceClaimSource } from './devices/prepared-claims.ts'
import type { ClaimSource } from './volumes/claims.ts'

/** Containers of one pod, and replicas started together, share an answer. */
const FRESH_MS = 5_000
const MAX_KNOWN = 1_000

interface Entry {
  readonly at: number
  readonly object: Promise<KubeObject | undefined>
}

export class ApiObjectSource implements ObjectSource, ClaimSource, ResourceClaimSource, RuntimeClassSource, CsiSource {
  readonly #client: Client
  readonly #clock: Clock
  readonly #folder: string
  readonly #entries = new Map<string, Entry>()
  /** By path: the version that the file has. */
  readonly #saved = new Map<string, string>()

  constructor(client: Client, clock: Clock, dataDir: string) {
    this.#client = client
    this.#clock = clock
    this.#folder = join(dataDir, 'objects')
  }

  configMap = (namespace: string, name: string) => this.#get(ConfigMap, namespace, name)
  claim = (namespace: string, name: string) => this.#get(PersistentVolumeClaim, namespace, name)
  volume = (name: string) => this.#get(PersistentVolume, '', name)
  /** Asked anew each time: a pod waits for what changes in it. */
  resourceClaim = (namespace: string, name: string) =>
    this.#fetch(ResourceClaim, namespace, name, `ResourceClaim/${namespace}/${name}`)
  runtimeClass = (name: string) => this.#get(RuntimeClass, '', name)
  secret = (namespace: string, name: string) => this.#get(Secret, namespace, name)
  csiDriver = (name: string) => this.#get(CSIDriver, '', name)
  /** Asked anew each time: a pod waits for what changes in it. One that is not there is not this node's to ask for. */
  attachment = (name: string) =>
    this.#fetch(VolumeAttachment, '', name, `VolumeAttachment//${name}`).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 403) return undefined
      throw error
    })

  #get<T extends KubeObject>(type: ResourceType<T>, namespace: string, name: string): Promise<T | undefined> {
    const key = `${type.kind}/${namespace}/${name}`
    const now = this.#clock.monotonic()
    const known = this.#entries.get(key)
    if (known && now - known.at < FRESH_MS) return known.object as Promise<T | undefined>
    if (this.#entries.size > MAX_KNOWN) this.#entries.clear()
    const object = this.#fetch(type, namespace, name, key)
    this.#entries.set(key, { at: now, object })
    // A failure is asked again at once, and what does not exist may be created any moment.
    object.then(
      found => found === undefined && this.#entries.delete(key),
      () => this.#entries.delete(key),
    )
    return object
  }

  async #fetch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    key: string,
  ): Promise<T | undefined> {
    const path = join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json`)
    try {
      const object = await this.#client.get(type, { namespace, name })
      await this.#save(path, object)
      return object
    } catch (error) {
      if (isNotFound(error)) {
        this.#saved.delete(path)
        await rm(path, { force: true })
        return undefined
      }
      if (error instanceof ApiError && error.code < 500) throw error
      const saved = await readFile(path, 'utf8')
        .then(text => JSON.parse(text) as T)
        .catch(() => undefined) // never seen, or emptied by a power cut: the API's error tells
      if (saved === undefined) throw error
      return saved
    }
  }

  async #save(path: string, object: KubeObject): Promise<void> {
    const { uid, resourceVersion } = object.metadata
    const version = `${uid} ${resourceVersion ?? ''}`
    if (this.#saved.get(path) === version) return
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const temporary = `${path}.${process.pid}.tmp`
    await writeFile(temporary, JSON.stringify(object), { mode: 0o600 })
    await rename(temporary, path)
    if (this.#saved.size > MAX_KNOWN) this.#saved.clear()
    this.#saved.set(path, version)
  }
}
