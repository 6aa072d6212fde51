// A file that holds a passphrase.
import { readFile } from 'node:fs/promises'
import { systemErrorText } from '../process/system-error.ts'
import { CommandError } from '../process/usage-error.ts'

/** The first line. @throws CommandError */
export async function readPassphrase(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`the passphrase file cannot be read: ${systemErrorText(error) ?? (error as Error).message}`)
  })
  const [passphrase = ''] = text.split(/\r?\n/)
  if (passphrase === '') throw new CommandError(`the passphrase file ${path} is empty`)
  return passphrase
}
