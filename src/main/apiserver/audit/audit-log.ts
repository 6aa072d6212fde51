// Where audit events go: JSON lines in a file that is put aside when it is full, and thrown away when it is old.
import { appendFile, readdir, rename, stat, unlink } from 'node:fs/promises'
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
  write(event: object): void
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
  #bytes: number | undefined
  #writing: Promise<void> | undefined
  /** Events that could not be written. */
  lost = 0

  constructor(options: AuditLogOptions, clock: Clock, log: Log) {
    this.#options = options
    this.#clock = clock
    this.#log = log
  }

  write(event: object): void {
    const line = `${encodeJson(event)}\n`
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.lost++
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#writing ??= this.#drain()
  }

  /** Resolves when everything is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      try {
        await this.#append(lines)
      } catch (error) {
        this.lost += lines.length
        this.#bytes = undefined
        this.#log.error({ err: error, lost: lines.length }, 'audit events could not be written')
      }
    }
    this.#writing = undefined
  }

  async #append(lines: readonly string[]): Promise<void> {
    const { path, maxBytes } = this.#options
    if (path === '-') {
      const text = lines.join('')
      return void (await new Promise<void>(resolve => process.stdout.write(text, () => resolve())))
    }
    this.#bytes ??= await stat(path).then(
      ({ size }) => size,
      () => 0,
    )
    let batch: string[] = []
    const flush = async () => {
      if (batch.length > 0) await appendFile(path, batch.join(''), { mode: 0o600 })
      batch = []
    }
    for (const line of lines) {
      const length = Buffer.byteLength(line)
      if (this.#bytes > 0 && this.#bytes + length > maxBytes) {
        await flush()
        await this.#putAside()
        this.#bytes = 0
      }
      batch.push(line)
      this.#bytes += length
    }
    await flush()
  }

  /** `audit.log` → `audit-2026-01-31T12-00-00.000.log` */
  async #putAside(): Promise<void> {
    const { path, maxBackups, maxAgeMs } = this.#options
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
