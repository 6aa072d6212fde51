// Deletes images that nobody uses when their disk fills up. Only images that this node pulled itself: what somebody else
// put on the machine stays.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { ContainerRuntime } from '../runtime/contract.ts'

export interface ImageGcOptions {
  readonly runtime: Pick<ContainerRuntime, 'images' | 'imagesInUse' | 'removeImage'>
  readonly dataDir: string
  /** Of the images' file system. */
  readonly disk: () => Promise<{ readonly diskAvailableBytes: number; readonly diskTotalBytes: number }>
  /** Told when less could be freed than was needed. */
  readonly onFailed: (message: string) => void
  readonly clock: Clock
  readonly log: Log
}

const HIGH_SHARE = 0.85
const LOW_SHARE = 0.8
/** Younger images may belong to a pod that is about to start. */
const MIN_AGE_MS = 120_000

interface Known {
  readonly pulledAt: number
  readonly usedAt: number
}

export class ImageGc {
  readonly #options: ImageGcOptions
  readonly #path: string
  #pulled: Map<string, Known> | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(options: ImageGcOptions) {
    this.#options = options
    this.#path = pathIn(options.dataDir)
  }

  /** Remembers that this node pulled an image. */
  async notePulled(id: string): Promise<void> {
    const now = this.#options.clock.now()
    const known = await this.#known()
    known.set(id, { pulledAt: now, usedAt: now })
    await this.#save(known)
  }

  /** Frees space when the disk is fuller than the high mark, down to the low one. */
  async collect(): Promise<void> {
    const { diskAvailableBytes, diskTotalBytes } = await this.#options.disk()
    if (diskTotalBytes === 0 || diskAvailableBytes >= diskTotalBytes * (1 - HIGH_SHARE)) {
      await this.#unused() // notes which are in use
      return
    }
    const wanted = Math.ceil(diskTotalBytes * (1 - LOW_SHARE) - diskAvailableBytes)
    const freed = await this.free(wanted)
    if (freed < wanted)
      this.#options.onFailed(
        `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
      )
  }

  /** Deletes unused images, those unused for longest first. @returns how many bytes they took */
  async free(bytes: number): Promise<number> {
    const { runtime, log } = this.#options
    const known = await this.#known()
    let freed = 0
    for (const { id, sizeBytes } of await this.#unused()) {
      if (freed >= bytes) break
      try {
        await runtime.removeImage(id)
        known.delete(id)
        freed += sizeBytes
      } catch (error) {
        log.warn({ image: id, error: String(error) }, 'image not removed')
      }
    }
    await this.#save(known)
    return freed
  }

  async #unused(): Promise<{ id: string; sizeBytes: number }[]> {
    const { runtime, clock } = this.#options
    const known = await this.#known()
    if (known.size === 0) return []
    const now = clock.now()
    const used = await runtime.imagesInUse()
    const images = await runtime.images()
    const here = new Set(images.map(({ id }) => id))
    for (const [id, entry] of known) {
      if (!here.has(id)) known.delete(id)
      else if (used.has(id)) known.set(id, { ...entry, usedAt: now })
    }
    return images
      .flatMap(({ id, sizeBytes }) => {
        const entry = known.get(id)
        return entry && !used.has(id) && now - entry.pulledAt >= MIN_AGE_MS ? [{ id, sizeBytes, ...entry }] : []
      })
      .toSorted((a, b) => a.usedAt - b.usedAt || a.pulledAt - b.pulledAt)
  }

  async #known(): Promise<Map<string, Known>> {
    if (this.#pulled) return this.#pulled
    const pulled = await readPulled(this.#path)
    return (this.#pulled ??= pulled)
  }

  /** A disk that is full keeps nobody from freeing it: what cannot be written now is written with the next change. */
  #save(known: ReadonlyMap<string, Known>): Promise<void> {
    const write = async () => {
      await writeFile(`${this.#path}.tmp`, JSON.stringify(Object.fromEntries(known)), { mode: 0o600 })
      await rename(`${this.#path}.tmp`, this.#path)
    }
    this.#saving = this.#saving
      .then(write)
      .catch((error: unknown) => this.#options.log.warn({ error: String(error) }, 'pulled images not written down'))
    return this.#saving
  }
}

const pathIn = (dataDir: string): string => join(dataDir, 'pulled-images.json')

async function readPulled(path: string): Promise<Map<string, Known>> {
  const text = await readFile(path, 'utf8').catch(() => '{}') // nothing pulled yet
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, Known>))
  } catch {
    return new Map() // emptied by a power cut: what was pulled before is nobody's to delete
  }
}

/** Deletes what a node pulled itself and nobody uses: the machine stops being a node. @returns how many images */
export async function removePulledImages(runtime: ImageGcOptions['runtime'], dataDir: string): Promise<number> {
  const [pulled, used, images] = await Promise.all([
    readPulled(pathIn(dataDir)),
    runtime.imagesInUse(),
    runtime.images(),
  ])
  let removed = 0
  for (const { id } of images) {
    if (!pulled.has(id) || used.has(id)) continue
    // Somebody may begin to use one right now, or have made another one of it.
    const isRemoved = await runtime.removeImage(id).then(() => true, () => false) // prettier-ignore
    if (isRemoved) removed++
  }
  return removed
}
