// Pods as last seen, one file each: with the API server away, a restarted agent still knows what should run.
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../shared/api/core/v1.ts'

export class Checkpoints {
  readonly #folder: string
  /** Writes of one pod happen in order. */
  readonly #queue = new Map<string, Promise<void>>()

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'checkpoints')
  }

  async load(): Promise<Pod[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const names = (await readdir(this.#folder)).filter(name => name.endsWith('.json'))
    const pods = await Promise.all(
      names.map(async name => {
        try {
          return JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as Pod
        } catch {
          return undefined // torn by a power cut before its rename was durable: the API tells again
        }
      }),
    )
    return pods.filter(pod => pod !== undefined)
  }

  save(pod: Pod): void {
    const path = this.#path(pod.metadata.uid)
    this.#enqueue(pod.metadata.uid, async () => {
      await writeFile(`${path}.tmp`, JSON.stringify(pod), { mode: 0o600 })
      await rename(`${path}.tmp`, path)
    })
  }

  remove(uid: string): void {
    this.#enqueue(uid, () => rm(this.#path(uid), { force: true }))
  }

  /** Resolves when everything is written. */
  async flushed(): Promise<void> {
    await Promise.all(this.#queue.values())
  }

  #path(uid: string): string {
    return join(this.#folder, `${uid.replace(/[^A-Za-z0-9-]/g, '_')}.json`)
  }

  #enqueue(uid: string, work: () => Promise<void>): void {
    const next = (this.#queue.get(uid) ?? Promise.resolve()).then(work).catch(() => undefined) // a full disk: tried with the next change
    this.#queue.set(uid, next)
    void next.then(() => {
      if (this.#queue.get(uid) === next) this.#queue.delete(uid)
    })
  }
}
