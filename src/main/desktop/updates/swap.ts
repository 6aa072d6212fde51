// Puts a program's file in place of another, and back. Whenever it is interrupted, one of the two is there as a whole.
import { createHash } from 'node:crypto'
import { constants, copyFileSync, createReadStream, linkSync, renameSync, rmSync } from 'node:fs'
import { access, copyFile, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const beside = (program: string, what: string) => join(dirname(program), `.${basename(program)}.${what}`)

/** Where the version before is kept while the new one is on trial. */
const previousOf = (program: string) => beside(program, 'previous')
/** Where the new version lies whole before it is put in its place. */
const stagedOf = (program: string) => beside(program, 'next')
/** Never through a link that somebody else has put there. */
const COPY = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE

/** Whether files may be put beside it, and one in its place. */
export async function mayReplace(program: string): Promise<boolean> {
  try {
    await access(dirname(program), constants.W_OK)
    await access(program, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** @throws Error when it is not the file that was signed */
async function mustBe(file: string, sha512: string): Promise<void> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(file), hash)
  if (hash.digest('base64') !== sha512) throw new Error('the downloaded file is not the one that was signed')
}

/** Keeps a way back, before anything else happens. */
export function keepPrevious(program: string): void {
  const previous = previousOf(program)
  rmSync(previous, { force: true })
  try {
    linkSync(program, previous)
  } catch {
    // Not every file system has links.
    copyFileSync(program, previous, COPY)
  }
}

/**
 * Copies `next` beside the program, executable and on the disk.
 * @throws Error when the copy is not the file that was signed; nothing is left of it then
 */
export async function stage(program: string, next: string, sha512: string): Promise<void> {
  const staged = stagedOf(program)
  rmSync(staged, { force: true })
  try {
    await copyFile(next, staged, COPY)
    await makeExecutable(staged)
    await mustBe(staged, sha512)
  } catch (error) {
    rmSync(staged, { force: true })
    throw error
  }
}

/** Puts what was staged in its place. */
export function putInPlace(program: string): void {
  renameSync(stagedOf(program), program)
}

async function makeExecutable(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.chmod(0o755)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function takeBack(program: string): void {
  renameSync(previousOf(program), program)
}

/** Removes what a trial left beside the program. */
export function tidy(program: string): void {
  for (const path of [previousOf(program), stagedOf(program)]) rmSync(path, { force: true })
}
