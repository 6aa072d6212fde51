// The texts that `kubectl explain` shows: extracted at build time, and optional.
import { readFile } from 'node:fs/promises'
import type { Descriptions } from './type-schemas.ts'

/** @returns the texts, or none when the file was not built. */
export async function loadDescriptions(file: string): Promise<Descriptions> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Descriptions
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
