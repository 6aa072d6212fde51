// One archive for a report: logs, crash reports and what this is running on, without secrets. Its contents are shown
// before it is saved, and what is saved is exactly what was shown.
import { open, readdir } from 'node:fs/promises'
import { arch, cpus, release, totalmem } from 'node:os'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pack } from 'tar-stream'
import type { BundledFile } from '../../preload/channels.ts'
import { productVersion } from '../process/version.ts'
import { redact } from './redact.ts'

export interface GatheredFile extends BundledFile {
  readonly text: string
}

/** Of each file the newest part is taken. */
const MAX_FILE_BYTES = 2 * 1024 * 1024
/** A piece that is redacted in one go: some milliseconds. */
const PIECE_LINES = 400
const LOGS = /^[\w.-]+\.(?:log|log\.\d+|txt)$/

/** The end of the file, from the start of a line. */
async function tail(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, MAX_FILE_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const text = buffer.subarray(0, bytesRead).toString('utf8')
    return size > length ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    await file.close()
  }
}

/** Pieces end at lines, but never inside of a PEM block, and never before a line that belongs to the one above it. */
export function* pieces(text: string): Generator<string> {
  const lines = text.split(/(?<=\n)/)
  let piece: string[] = []
  let inBlock = false
  for (const line of lines) {
    if (piece.length >= PIECE_LINES && !inBlock && !/^[ \t]/.test(line)) {
      yield piece.join('')
      piece = []
    }
    piece.push(line)
    if (line.includes('-----BEGIN ')) inBlock = true
    if (line.includes('-----END ')) inBlock = false
  }
  if (piece.length > 0) yield piece.join('')
}

async function withoutSecrets(name: string, text: string): Promise<GatheredFile> {
  const done: string[] = []
  let hidden = 0
  for (const piece of pieces(text)) {
    const redacted = redact(piece)
    done.push(redacted.text)
    hidden += redacted.hidden
    await setImmediate()
  }
  const whole = done.join('')
  return { name, bytes: Buffer.byteLength(whole), hidden, text: whole }
}

function about(facts: Readonly<Record<string, unknown>>): string {
  const machine = {
    version: productVersion,
    platform: process.platform,
    release: release(),
    arch: arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    versions: process.versions,
  }
  return JSON.stringify({ ...machine, ...facts }, null, 2) + '\n'
}

/**
 * @param folders of logs; what is not there is passed over, and so is what is not a log
 * @param facts more about this installation
 */
export async function gatherBundle(
  folders: readonly string[],
  facts: Readonly<Record<string, unknown>>,
): Promise<GatheredFile[]> {
  const files = [await withoutSecrets('about.json', about(facts))]
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const names = entries.filter(entry => entry.isFile() && LOGS.test(entry.name)).map(({ name }) => name)
    for (const name of names.sort())
      files.push(await withoutSecrets(`${basename(folder)}/${name}`, await tail(join(folder, name))))
  }
  return files
}

/** @returns a .tar.gz */
export async function packBundle(files: readonly GatheredFile[], now: Date): Promise<Buffer> {
  const archive = pack()
  for (const { name, text } of files) archive.entry({ name: `flotilla-logs/${name}`, mode: 0o600, mtime: now }, text)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return promisify(gzip)(Buffer.concat(chunks))
}
