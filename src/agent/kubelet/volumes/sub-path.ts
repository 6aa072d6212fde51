// subPath: a part of a volume. What lies in the volume is under the control of containers, which may plant symbolic
// links at any time; so the path is resolved once, then walked without following links, and what the walk reached is
// bind-mounted by its file descriptor to a place that no container can touch. Docker is given that place.
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { type HostTools, isMountPoint } from './mounts.ts'

/** Opens a place rather than its contents. @see open(2) */
const O_PATH = 0o10000000

const inside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

/**
 * @param volume host path of the volume's root, itself trusted
 * @param subPath relative, without `..`; made as a folder when it does not exist
 * @param target a path that only the agent can change; becomes the bind mount
 * @throws Error when the path leads out of the volume
 */
export async function bindSubPath(volume: string, subPath: string, target: string, tools: HostTools): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..'))
    throw new Error(`subPath must be relative and must not contain '..': ${subPath}`)
  if (await isMountPoint(target)) return target
  const root = await realpath(volume)
  const wanted = join(root, subPath)
  await makeMissing(root, wanted)
  const resolved = await realpath(wanted)
  if (!inside(root, resolved)) throw new Error(`subpath "${subPath}" not within volume path "${volume}"`)
  const handle = await walk(root, relative(root, resolved))
  try {
    const source = `/proc/${process.pid}/fd/${handle.fd}`
    if ((await stat(source)).isDirectory()) await mkdir(target, { recursive: true })
    else {
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, '', { flag: 'a' })
    }
    // Not canonicalized: mount must use the descriptor, not look the path up again.
    await tools.mount(['--no-canonicalize', '--bind', source, target])
  } finally {
    await handle.close()
  }
  return target
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
  let parent = await walk(root, relative(root, resolved))
  try {
    for (const name of missing) {
      await mkdir(`/proc/self/fd/${parent.fd}/${name}`, { mode: 0o750 }).catch(ignoreExisting)
      const next = await step(parent, name)
      await parent.close()
      parent = next
    }
  } finally {
    await parent.close()
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
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
