// What the user chose for the desktop app, kept between starts in one small file.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { parseListenAddress } from '../addresses/listen-address.ts'
import { WINDOW_STATE } from './window-state.ts'

const listenAddress = v.pipe(
  v.string(),
  v.check(text => {
    try {
      parseListenAddress(text)
      return true
    } catch {
      return false
    }
  }),
)

/** Field by field: one that cannot be read is as if it were not there. */
const SETTINGS = v.object({
  dataDir: v.fallback(v.optional(v.string()), undefined),
  listen: v.fallback(v.optional(listenAddress), undefined),
  /** What closing the window does; asked at the first time. */
  onClose: v.fallback(v.picklist(['ask', 'stay', 'quit']), 'ask'),
  /** Whether the computer is kept from going to sleep while the cluster runs. */
  keepAwake: v.fallback(v.boolean(), false),
  /** What the window spoke last. */
  language: v.fallback(v.optional(v.picklist(['en', 'de'])), undefined),
  /** Nobody is asked anything unless the user wants it. */
  lookForUpdates: v.fallback(v.picklist(['never', 'daily']), 'never'),
  window: v.fallback(v.optional(WINDOW_STATE), undefined),
  /** Contexts of kubeconfigs; what they log in with stays in their files. */
  clusters: v.fallback(
    v.array(
      v.object({
        id: v.string(),
        path: v.string(),
        context: v.string(),
        server: v.string(),
        /** What people call it, where that is not the context. */
        name: v.optional(v.string()),
        /** Of the context. */
        namespace: v.optional(v.string()),
      }),
    ),
    [],
  ),
  /** Hashes of what the user let run. */
  confirmedPrograms: v.fallback(v.array(v.string()), []),
})

export type Settings = Readonly<v.InferOutput<typeof SETTINGS>>

export class SettingsFile {
  readonly #path: string
  readonly #onError: (error: unknown) => void
  #current: Settings

  /** @param onError settings that cannot be read or kept never stop the app */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path
    this.#onError = onError
    this.#current = v.parse(SETTINGS, this.#read())
  }

  get current(): Settings {
    return this.#current
  }

  change(changes: Partial<Settings>): void {
    this.#current = { ...this.#current, ...changes }
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      writeFileSync(`${this.#path}.new`, JSON.stringify(this.#current, null, 2), { mode: 0o600 })
      renameSync(`${this.#path}.new`, this.#path)
    } catch (error) {
      this.#onError(error)
    }
  }

  #read(): object {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#path, 'utf8'))
      return typeof value === 'object' && value !== null ? value : {}
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error)
      return {}
    }
  }
}
