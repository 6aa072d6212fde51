// fsGroup: gives what lies in a volume to the pod's group. What containers put there is not trusted: no link is
// followed, not where a folder was a moment ago either, and permissions change only through a descriptor of the very file
// that was looked at.
import { constants } from 'node:fs'
import { lchown, lstat, open, readdir } from 'node:fs/promises'

const GROUP_FILE = 0o660
const GROUP_FOLDER = 0o770
const SET_GROUP = 0o2000

/** @param policy `OnRootMismatch` leaves a volume alone whose root is as it should be */
export async function giveToGroup(folder: string, gid: number, policy: string | undefined): Promise<void> {
  if (policy === 'OnRootMismatch') {
    const root = await lstat(folder)
    const wanted = GROUP_FOLDER | SET_GROUP
    if (root.gid === gid && (root.mode & wanted) === wanted) return
  }
  await give(folder, gid)
}

/**
 * Contents first: a root that is right means that everything below it is.
 * @param path of which all but the last name leads through open folders
 */
async function give(path: string, gid: number): Promise<void> {
  const before = await lstat(path)
  if (!before.isFile() && !before.isDirectory()) return lchown(path, before.uid, gid)
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const found = await file.stat()
  const isFolder = found.isDirectory()
  const inside = `/proc/self/fd/${file.fd}`
  if (isFolder) for (const name of await readdir(inside)) await give(`${inside}/${name}`, gid)
  await file.chown(found.uid, gid)
  const { mode } = await file.stat()
  await file.chmod((mode & 0o7777) | (isFolder ? GROUP_FOLDER | SET_GROUP : GROUP_FILE))
}
