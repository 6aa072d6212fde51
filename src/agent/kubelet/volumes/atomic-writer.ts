// Writes a set of files so that readers see either all of the old or all of the new ones.
//
//   volume/..2026_01_31_12_00_00.1234/key    the files
//   volume/..data      -> ..2026_01_31_12_00_00.1234    swapped by rename
//   volume/key         -> ..data/key
import { createHash, randomInt } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, normalize, posix } from 'node:path'

export interface ProjectedFile {
  readonly bytes: Buffer
  /** Permission bits. */
  readonly mode: number
  /** Owner, if it is not root. */
  readonly uid?: number
}

/** By path below the volume. */
export type Payload = ReadonlyMap<string, ProjectedFile>

/** By volume folder: which files are known to be there. It is forgotten when a file comes or goes. */
export type Written = Map<string, string>

const DATA = '..data'
const DATA_TMP = '..data_tmp'

/** @throws Error for a path that leaves the volume or collides with the writer's own names */
export function assertSafePath(path: string): void {
  const parts = path.split('/')
  if (path === '' || posix.isAbsolute(path)) throw new Error(`invalid path: must be relative: ${path}`)
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`)
  if (parts[0]?.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`)
  if (normalize(path) !== path) throw new Error(`invalid path: ${path}`)
}

export interface WriteOptions {
  /** Group that owns everything, with read permission; undefined = root. */
  readonly gid?: number | undefined
  /** What it knows is not read again to see that nothing changed. */
  readonly written: Written
}

/** @returns whether anything changed */
export async function writeAtomically(
  folder: string,
  payload: Payload,
  { gid, written }: WriteOptions,
): Promise<boolean> {
  for (const path of payload.keys()) assertSafePath(path)
  const digest = digestOf(payload)
  const note = async (name: string) => written.set(folder, await noteOf(join(folder, name), digest))
  const current = await readlink(join(folder, DATA)).catch(() => undefined)
  if (current !== undefined) {
    if (written.get(folder) === (await noteOf(join(folder, current), digest))) return false
    if (await isSame(join(folder, current), payload)) {
      await note(current)
      return false
    }
  }
  const stamp = `..${new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '_')}.${randomInt(1e9)}`
  const target = join(folder, stamp)
  await mkdir(target, { mode: 0o755 })
  await chmod(target, gid === undefined ? 0o755 : 0o2755)
  if (gid !== undefined) await chown(target, 0, gid)
  for (const [path, file] of payload) await writeOne(target, path, file, gid)
  await rm(join(folder, DATA_TMP), { force: true })
  await symlink(stamp, join(folder, DATA_TMP))
  await rename(join(folder, DATA_TMP), join(folder, DATA))
  await linkUserPaths(folder, payload)
  await note(stamp)
  if (current !== undefined) await rm(join(folder, current), { recursive: true, force: true })
  return true
}

/** Whether a payload was written here before. */
export const isWritten = (folder: string): Promise<boolean> =>
  readlink(join(folder, DATA)).then(
    () => true,
    () => false,
  )

async function writeOne(target: string, path: string, file: ProjectedFile, gid: number | undefined): Promise<void> {
  const full = join(target, path)
  for (const parent of parentsOf(path)) {
    await mkdir(join(target, parent), { recursive: true })
    await chmod(join(target, parent), gid === undefined ? 0o755 : 0o2755)
    if (gid !== undefined) await chown(join(target, parent), 0, gid)
  }
  await writeFile(full, file.bytes, { mode: 0o600, flag: 'wx' })
  if (file.uid !== undefined || gid !== undefined) await chown(full, file.uid ?? 0, gid ?? 0)
  await chmod(full, gid === undefined ? file.mode : file.mode | 0o440)
}

function parentsOf(path: string): string[] {
  const parents: string[] = []
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) parents.unshift(parent)
  return parents
}

const noteOf = async (target: string, digest: string): Promise<string> =>
  `${target} ${await stat(target).then(
    ({ mtimeMs }) => mtimeMs,
    () => 'gone',
  )} ${digest}`

function digestOf(payload: Payload): string {
  const hash = createHash('sha256')
  for (const [path, { bytes, mode, uid }] of payload) {
    hash.update(JSON.stringify([path, mode, uid, bytes.length]))
    hash.update(bytes)
  }
  return hash.digest('base64')
}

async function isSame(target: string, payload: Payload): Promise<boolean> {
  const paths = (await listFiles(target)).toSorted()
  const wanted = [...payload.keys()].toSorted()
  if (paths.length !== wanted.length || paths.some((path, i) => path !== wanted[i])) return false
  for (const [path, file] of payload) {
    const full = join(target, path)
    if (((await stat(full)).mode & 0o777 & file.mode) !== file.mode) return false
    if (!file.bytes.equals(await readFile(full))) return false
  }
  return true
}

async function listFiles(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => [])
  const nested = entries.map(entry => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    return entry.isDirectory() ? listFiles(folder, path) : [path]
  })
  return (await Promise.all(nested)).flat()
}

/** Links the first part of every path, and removes links of paths that are gone. */
async function linkUserPaths(folder: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map(path => path.split('/')[0] ?? path))
  for (const name of await readdir(folder))
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(folder, name), { recursive: true, force: true })
  for (const name of wanted) {
    const link = join(folder, name)
    if ((await readlink(link).catch(() => undefined)) === undefined) await symlink(`${DATA}/${name}`, link)
  }
}
