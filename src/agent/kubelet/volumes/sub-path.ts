// subPath: a part of a volume. What lies in the volume is under the control of containers, which may plant symbolic
// links at any time; so the path is resolved once, then walked without following links, and what the walk reached is
// bind-mounted by its file descriptor to a place that no container can touch. Docker is given that place.
import { constants } from 'node:fs'
import { type FileHandle, chmod, lstat, mkdir, open, realpath, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { type HostTools, isMountPoint } from './mounts.ts'
import type { PreparedVolume } from './volumes.ts'

/** Opens a place rather than its contents. @see open(2) */
const O_PATH = 0o10000000
/** Permissions, and whether what is made in a folder gets its group. */
const PERMISSIONS = 0o2777

const inside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

/**
 * @param volume the host path of its root is trusted itself
 * @param subPath relative, without `..`; made as a folder when it does not exist, for whom the volume is
 * @param target a path that only the agent can change; becomes the bind mount
 * @throws Error when the path leads out of the volume
 */
export async function bindSubPath(
  volume: Pick<PreparedVolume, 'path' | 'complete'>,
  subPath: string,
  target: string,
  tools: HostTools,
): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..'))
    throw new Error(`subPath must be relative and must not contain '..': ${subPath}`)
  const root = await realpath(volume.path)
  const wanted = join(root, subPath)
  if (!volume.complete) await makeMissing(root, wanted)
  const resolved = await realpath(wanted).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`subpath "${subPath}" does not exist`) : error
  })
  if (!inside(root, resolved)) throw new Error(`subpath "${subPath}" not within volume path "${volume.path}"`)
  const handle = await walk(root, relative(root, resolved))
  try {
    const source = `/proc/${process.pid}/fd/${handle.fd}`
    const place = await stat(source)
    while (await isMountPoint(target)) {
      const { dev, ino } = await stat(target)
      if (dev === place.dev && ino === place.ino) return target
      // Bound for a container before this one: the path has another file since, as in a volume that was updated.
      await tools.unmount(target)
    }
    await makeTarget(target, place.isDirectory())
    // Not canonicalized: mount must use the descriptor, not look the path up again.
    await tools.mount(['--no-canonicalize', '--bind', source, target])
  } finally {
    await handle.close()
  }
  return target
}

/**
 * Reads a file of a volume, whose path may lead over links inside of it.
 * @returns undefined when it does not exist @throws Error for a path that leads out, and for what is no file of this size
 */
export async function readInside(volume: string, path: string, maxBytes: number): Promise<string | undefined> {
  const root = await realpath(volume)
  const resolved = await realpath(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    return undefined
  })
  if (resolved === undefined) return undefined
  if (!inside(root, resolved)) throw new Error(`"${path}" not within volume path "${volume}"`)
  await using place = await walk(root, relative(root, resolved))
  const found = await place.stat()
  if (!found.isFile() || found.size > maxBytes) throw new Error(`"${path}" is no file of at most ${maxBytes} bytes`)
  await using file = await open(`/proc/self/fd/${place.fd}`)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(found.size), 0, found.size, 0)
  return buffer.toString('utf8', 0, bytesRead)
}

/** Something of the kind that is mounted there. What is there of the other kind is empty: only that is removed. */
async function makeTarget(target: string, isFolder: boolean): Promise<void> {
  const found = await lstat(target).catch(() => undefined)
  if (found && found.isDirectory() !== isFolder) await (isFolder ? unlink(target) : rmdir(target))
  await mkdir(isFolder ? target : dirname(target), { recursive: true })
  if (!isFolder) await writeFile(target, '', { flag: 'a' })
}

/** Makes the folders that are missing, starting at the deepest part that exists inside the volume. */
async function makeMissing(root: string, wanted: string): Promise<void> {
  let existing = wanted
  const missing: string[] = []
  while (existing !== root && !(await lstat(existing).catch(() => undefined))) {
    missing.unshift(relative(dirname(existing), existing))
    existing = dirname(existing)
  }
  if (missing.length === 0) return
  const resolved = await realpath(existing)
  if (!inside(root, resolved)) throw new Error(`subpath "${relative(root, wanted)}" not within volume path "${root}"`)
  const mode = (await stat(root)).mode & PERMISSIONS
  let parent = await walk(root, relative(root, resolved))
  try {
    for (const name of missing) {
      const isNew = await mkdir(`/proc/self/fd/${parent.fd}/${name}`, { mode: 0o700 }).then(() => true, ifExisting)
      const next = await step(parent, name)
      await parent.close()
      parent = next
      if (isNew) await chmod(`/proc/self/fd/${parent.fd}`, mode)
    }
  } finally {
    await parent.close()
  }
}

function ifExisting(error: NodeJS.ErrnoException): false {
  if (error.code !== 'EEXIST') throw error
  return false
}

const step = (parent: FileHandle, name: string): Promise<FileHandle> =>
  open(`/proc/self/fd/${parent.fd}/${name}`, constants.O_NOFOLLOW | O_PATH)

/** Opens a path part by part; a part that is a symbolic link is refused. */
async function walk(root: string, path: string): Promise<FileHandle> {
  let handle = await open(root, constants.O_NOFOLLOW | O_PATH)
  try {
    for (const name of path.split(sep).filter(Boolean)) {
      const next = await step(handle, name)
      await handle.close()
      handle = next
      if ((await handle.stat()).isSymbolicLink()) throw new Error(`unexpected symbolic link: ${name}`)
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}
