// Where audit events go: JSON lines in a file that is put aside when it is full, and thrown away when it is old.
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

export interface AuditLogOptions {
  /** `-` = standard output. */
  readonly path: string
  /** A file that would grow beyond this is put aside. */
  readonly maxBytes: number
  /** How many of those are kept; 0 = all. */
  readonly maxBackups: number
  /** How long they are kept; 0 = for ever. */
  readonly maxAgeMs: number
}

export interface AuditSink extends AsyncDisposable {
  /** How many events could not be written. */
  readonly lost: number
  /** @returns whether it was written, once that is known */
  write(event: object): Promise<boolean>
}

/** What waits to be written; beyond it events are lost, and counted, rather than the server's memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
const STAMP = /-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})$/

export class AuditLog implements AuditSink {
  readonly #options: AuditLogOptions
  readonly #clock: Clock
  readonly #log: Log
  #waiting: string[] = []
  #waitingBytes = 0
  #file: FileHandle | undefined
  #bytes = 0
  /** Of what waits, by what is being written. */
  #next: Promise<boolean> | undefined
  #writing: Promise<unknown> = Promise.resolve()
  lost = 0

  constructor(options: AuditLogOptions, clock: Clock, log: Log) {
    this.#options = options
    this.#clock = clock
    this.#log = log
  }

  /** What comes while something is being written is written together, after it. */
  write(event: object): Promise<boolean> {
    const line = `${encodeJson(event)}\n`
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.lost++
      return Promise.resolve(false)
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#writing = this.#next ??= this.#writing.then(() => this.#writeWaiting())
    return this.#next
  }

  /** Resolves when everything is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#close()
  }

  async #writeWaiting(): Promise<boolean> {
    const lines = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#next = undefined
    try {
      await this.#append(lines)
      return true
    } catch (error) {
      this.lost += lines.length
      this.#log.error({ err: error, lost: lines.length }, 'audit events could not be written')
      await this.#close()
      return false
    }
  }

  async #append(lines: readonly string[]): Promise<void> {
    const { path, maxBytes } = this.#options
    if (path === '-') {
      const text = lines.join('')
      return void (await new Promise<void>(resolve => process.stdout.write(text, () => resolve())))
    }
    let batch: Buffer[] = []
    let bytes = 0
    const flush = async () => {
      if (bytes > 0) await this.#put(Buffer.concat(batch, bytes))
      batch = []
      bytes = 0
    }
    await this.#open()
    for (const line of lines.map(text => Buffer.from(text))) {
      const before = this.#bytes + bytes
      if (before > 0 && before + line.length > maxBytes) {
        await flush()
        await this.#putAside()
        await this.#open()
      }
      batch.push(line)
      bytes += line.length
    }
    await flush()
  }

  async #open(): Promise<void> {
    if (this.#file) return
    this.#file = await open(this.#options.path, 'a', 0o600)
    this.#bytes = (await this.#file.stat()).size
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
  }

  /** Whole lines, or none of them: a disk that gets full in the middle of one would spoil the next as well. */
  async #put(text: Buffer): Promise<void> {
    try {
      await this.#file?.appendFile(text)
      this.#bytes += text.length
    } catch (error) {
      await this.#file?.truncate(this.#bytes).catch(() => undefined)
      throw error
    }
  }

  /** `audit.log` → `audit-2026-01-31T12-00-00.000.log` */
  async #putAside(): Promise<void> {
    const { path, maxBackups, maxAgeMs } = this.#options
    await this.#close()
    const extension = extname(path)
    const stem = basename(path, extension)
    const stamp = new Date(this.#clock.now()).toISOString().replaceAll(':', '-').replace('Z', '')
    await rename(path, join(dirname(path), `${stem}-${stamp}${extension}`))
    const olds = (await readdir(dirname(path)))
      .filter(name => name.startsWith(`${stem}-`) && STAMP.test(basename(name, extension)))
      .sort()
      .reverse()
    const tooOld = (name: string) => {
      const [, day = '', time = ''] = /-(\d{4}-\d{2}-\d{2})T([\d-]+\.\d{3})$/.exec(basename(name, extension)) ?? []
      return maxAgeMs > 0 && this.#clock.now() - Date.parse(`${day}T${time.replaceAll('-', ':')}Z`) > maxAgeMs
    }
    for (const [i, name] of olds.entries())
      if ((maxBackups > 0 && i >= maxBackups) || tooOld(name)) await unlink(join(dirname(path), name))
  }
}
