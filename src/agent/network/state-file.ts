// JSON files of the agent: written whole, atomically, readable by root only.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @returns the decoded file, or undefined when it is missing or not JSON: the agent then starts from the host alone. */
export function readState(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch {
    return undefined
  }
}

/** For small files whose write must precede what follows, such as an address before it is used. */
export function writeStateSync(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.new`
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flush: true })
  renameSync(temporary, path)
}

/** One writer per path at a time. The node may have nothing else on disk yet. */
export async function writeState(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(temporary, text, { mode: 0o600, flush: true })
  await rename(temporary, path)
}

export const removeState = (path: string): void => rmSync(path, { force: true })

/** @returns `value` as a record of strings, dropping everything else. */
export function asStringRecord(value: unknown): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map()
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
