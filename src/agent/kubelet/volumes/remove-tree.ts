// Deletes a folder, and nothing that is mounted in it, whenever it was: a driver that was given up may mount a volume
// late, whose files are not the pod's.
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readFile, readdir, rmdir, unlink } from 'node:fs/promises'

/** @throws Error when something is mounted in it; what is not below that may be gone */
export async function removeTree(folder: string): Promise<void> {
  const isThere = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (isThere) await remove(folder, { folder, below: '', mount: undefined })
}

interface Place {
  readonly folder: string
  /** Path in it. */
  readonly below: string
  /** In which what is above lies. */
  readonly mount: string | undefined
}

/** @param path of which all but the last name leads through an open folder */
async function remove(path: string, { folder, below, mount }: Place): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return unlink(path)
  {
    await using opened = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    const own = await mountOf(opened)
    if (mount !== undefined && own !== mount)
      throw new Error(`${folder} is not deleted: something is mounted on ${folder}${below}`)
    const inside = `/proc/self/fd/${opened.fd}`
    for (const name of await readdir(inside))
      await remove(`${inside}/${name}`, { folder, below: `${below}/${name}`, mount: own })
  }
  await rmdir(path)
}

/** @see proc_pid_fdinfo(5) */
async function mountOf({ fd }: FileHandle): Promise<string> {
  const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8')
  return /^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? ''
}
