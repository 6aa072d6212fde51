// The sockets below a folder, as they come and go. One that is made anew at the same path is another one.
import { type FSWatcher, watch } from 'node:fs'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'

/** Path → what tells it from one that was there before. */
export type Sockets = ReadonlyMap<string, string>

/** What happens in quick succession is looked at once. */
const SETTLE_MS = 50
/** A safety net under the kernel's events. */
const LOOK_MS = 30_000

export class SocketWatch implements Disposable {
  readonly #folder: string
  readonly #clock: Clock
  readonly #onChange: (sockets: Sockets) => void
  readonly #stop = new AbortController()
  readonly #watchers = new Map<string, FSWatcher>()
  #sockets: Sockets = new Map()
  #looking: Promise<void> = Promise.resolve()
  #cancelLook: () => void = () => undefined
  #isDue = false

  constructor(folder: string, clock: Clock, onChange: (sockets: Sockets) => void) {
    this.#folder = folder
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Makes the folder; resolves when what is in it was told of. */
  async start(): Promise<void> {
    await this.#look()
    this.#lookLater()
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the watch ends'))
    this.#cancelLook()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #lookLater(): void {
    if (this.#stop.signal.aborted) return
    this.#cancelLook = this.#clock.after(LOOK_MS, () => void this.#look().finally(() => this.#lookLater()))
  }

  #lookSoon(): void {
    if (this.#isDue || this.#stop.signal.aborted) return
    this.#isDue = true
    void delay(this.#clock, SETTLE_MS, this.#stop.signal).then(
      () => {
        this.#isDue = false
        return this.#look()
      },
      () => undefined, // it ends
    )
  }

  /** One after the other. */
  #look(): Promise<void> {
    const looked = this.#looking.then(() => this.#lookNow())
    // What cannot be read now is looked at with the next event, or later.
    this.#looking = looked.catch(() => undefined)
    return looked.catch(() => undefined)
  }

  async #lookNow(): Promise<void> {
    if (this.#stop.signal.aborted) return
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    const sockets = new Map<string, string>()
    const folders = new Set<string>()
    await this.#collect(this.#folder, sockets, folders)
    if (this.#stop.signal.aborted) return
    for (const [path, watcher] of this.#watchers) {
      if (folders.has(path)) continue
      watcher.close()
      this.#watchers.delete(path)
    }
    const isSame =
      sockets.size === this.#sockets.size && [...sockets].every(([path, which]) => this.#sockets.get(path) === which)
    this.#sockets = sockets
    if (!isSame) this.#onChange(sockets)
  }

  async #collect(folder: string, sockets: Map<string, string>, folders: Set<string>): Promise<void> {
    folders.add(folder)
    // Watched before it is read, so that nothing that comes in between is missed.
    this.#watch(folder)
    for (const { name } of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (name.startsWith('.')) continue
      const path = join(folder, name)
      const found = await lstat(path).catch(() => undefined) // gone again
      if (found?.isDirectory()) await this.#collect(path, sockets, folders)
      else if (found?.isSocket()) sockets.set(path, `${found.dev}:${found.ino}:${found.ctimeMs}`)
    }
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder) || this.#stop.signal.aborted) return
    const forget = () => {
      if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder)
      watcher.close()
      this.#lookSoon()
    }
    let watcher: FSWatcher
    try {
      watcher = watch(folder, { persistent: false }, (_event, name) => {
        // The folder itself went, or was replaced: the watch saw another one.
        if (name !== null && folder.endsWith(`/${name}`)) forget()
        else this.#lookSoon()
      })
    } catch {
      return // gone again, or no watches left: it is looked at now and then
    }
    this.#watchers.set(folder, watcher)
    watcher.on('error', forget)
  }
}
