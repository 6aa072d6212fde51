// A file that a flag names.
import { readFile } from 'node:fs/promises'
import { UsageError } from '../process/usage-error.ts'

/** @throws UsageError with the flag, the file and what is wrong */
export async function readFlagFile<T>(flag: string, file: string, parse: (text: string) => T | Promise<T>): Promise<T> {
  try {
    return await parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${flag} ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
