// Files out of a container or a node and into it, streamed: by `cat`, `tar` and `head`, which nearly every image has.
import { joinPath, parentOf } from './listing.ts'
import { type CommandTarget, runCommand } from './run-command.ts'

export const PREVIEW_BYTES = 256 * 1024
/** Below the agent's limit for one message. */
const CHUNK_BYTES = 128 * 1024
/** Parts become one Blob now and then, which the browser keeps on disk. */
const MERGE_BYTES = 8 * 1024 * 1024

export interface Progress {
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
}

async function collect(
  target: CommandTarget,
  command: readonly string[],
  { signal, onBytes }: Progress,
): Promise<Blob> {
  let merged = new Blob()
  let parts: Uint8Array<ArrayBuffer>[] = []
  let pending = 0
  let total = 0
  const merge = () => {
    merged = new Blob([merged, ...parts])
    parts = []
    pending = 0
  }
  await runCommand(target, command, {
    signal,
    onOutput(data) {
      // The frame's buffer is reused by nobody, but holds more than the data.
      parts.push(data.slice())
      pending += data.length
      onBytes((total += data.length))
      if (pending >= MERGE_BYTES) merge()
    },
  })
  merge()
  return merged
}

/** The first bytes of a file. */
export async function readStart(target: CommandTarget, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const command = ['sh', '-c', 'exec head -c "$2" <"$1"', 'sh', path, String(PREVIEW_BYTES)]
  const blob = await collect(target, command, { signal, onBytes: () => undefined })
  return new Uint8Array(await blob.arrayBuffer())
}

/** @returns undefined when the bytes are not text */
export function asText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  // The cut may go through a character: `stream` leaves it out.
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
  } catch {
    return undefined
  }
}

export const downloadFile = (target: CommandTarget, path: string, progress: Progress): Promise<Blob> =>
  collect(target, ['sh', '-c', 'exec cat <"$1"', 'sh', path], progress)

/** A folder with all that is in it, as a tar archive. */
export const downloadFolder = (target: CommandTarget, path: string, progress: Progress): Promise<Blob> => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return collect(target, ['tar', '-cf', '-', '-C', parentOf(path), '--', name || '.'], progress)
}

async function* chunksOf(file: Blob, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += CHUNK_BYTES) {
    yield new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer())
    onBytes(Math.min(at + CHUNK_BYTES, file.size))
  }
}

/** Written beside its place and moved there when all of it has come, so that nobody reads half a file. */
const UPLOAD =
  'umask 022; t="$1.part$$"; trap \'rm -f -- "$t"\' EXIT; head -c "$2" >"$t" && ' +
  '[ "$(wc -c <"$t")" -eq "$2" ] && mv -f -- "$t" "$1"'

export async function uploadFile(target: CommandTarget, folder: string, file: File, progress: Progress): Promise<void> {
  const { signal, onBytes } = progress
  await runCommand(target, ['sh', '-c', UPLOAD, 'sh', joinPath(folder, file.name), String(file.size)], {
    signal,
    onOutput: () => undefined,
    input: chunksOf(file, onBytes),
  })
}
