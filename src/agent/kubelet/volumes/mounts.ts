// Mounting on the host, through mount(8) and umount(8).
import { execFile } from 'node:child_process'
import { mkdir, open, readFile, readlink, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { removeTree } from './remove-tree.ts'

const run = promisify(execFile)
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`

export interface HostTools {
  /** Where the machine's files are, for paths that users name. Default: where this process has its own. */
  readonly root?: string
  /** What stands for `/var/log` where users name it: a node that is not the machine has its own. Default: that itself. */
  readonly logFolder?: string
  /** Of the mounts there. Default: of those of this process. @see proc_pid_mountinfo(5) */
  readonly mountTable?: string
  /** @param args of mount(8) */
  mount(args: readonly string[]): Promise<void>
  /** @param options isExact: the path goes to the kernel as it is, also where no mount is known by it */
  unmount(path: string, options?: { readonly isExact: boolean }): Promise<void>
  /** Runs what looks after file systems, however large. @returns also where it fails @throws Error where there is no such program */
  run(program: string, args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>
}

export const hostTools: HostTools = {
  async mount(args) {
    await run('mount', [...args], { env: { ...process.env, PATH }, timeout: 30_000 })
  },
  async unmount(path, { isExact = false } = { isExact: false }) {
    await run('umount', ['-l', ...(isExact ? ['-c'] : []), '--', path], {
      env: { ...process.env, PATH },
      timeout: 30_000,
    })
  },
  async run(program, args) {
    try {
      const { stdout } = await run(program, [...args], { env: { ...process.env, PATH } })
      return { code: 0, output: stdout }
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
      if (typeof code !== 'number') throw error
      return { code, output: `${stdout ?? ''}${stderr ?? ''}`.trim() }
    }
  },
}

/** Where the machine's files and mounts are those of another process. */
export const hostToolsOf = (pid: number): HostTools => ({
  ...hostTools,
  root: `/proc/${pid}/root`,
  mountTable: `/proc/${pid}/mountinfo`,
})

/** The kernel writes blanks and backslashes as octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

interface MountPoint {
  readonly id: string
  /** Of the mount that it lies on. */
  readonly parent: string
  readonly path: string
  /** Is told of mounts that are made elsewhere below what it shows. */
  readonly isFollowing: boolean
  /** Tells others of mounts that are made below it. */
  readonly isShared: boolean
}

interface MountTable {
  /** Those that their paths lead to; of several at one place the last one lies on top. */
  readonly seen: readonly MountPoint[]
  /** Those that another one lies over: no path leads there any more. */
  readonly hidden: readonly MountPoint[]
}

async function readTable(path = '/proc/self/mountinfo'): Promise<MountTable> {
  const table = await readFile(path, 'utf8')
  const all = table
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const fields = line.split(' ')
      const [id = '', parent = '', , , at = ''] = fields
      const optional = fields.slice(6, fields.indexOf('-', 6))
      return {
        id,
        parent,
        path: unescape(at),
        isFollowing: optional.some(field => /^(shared|master):/.test(field)),
        isShared: optional.some(field => field.startsWith('shared:')),
      }
    })
  return inSight(all)
}

function inSight(all: readonly MountPoint[]): MountTable {
  const byId = new Map(all.map(mount => [mount.id, mount]))
  /** Mounts, as what they lie on and where. */
  const places = new Set(all.filter(({ id, parent }) => id !== parent).map(placeOf))
  const known = new Map<MountPoint, boolean>()
  const isHidden = (mount: MountPoint): boolean => {
    const before = known.get(mount)
    if (before !== undefined) return before
    known.set(mount, false) // a table that was read while it changed may lead in circles
    const below = byId.get(mount.parent)
    const result = below !== undefined && below !== mount && (isCovered(mount, below, places) || isHidden(below))
    known.set(mount, result)
    return result
  }
  return { seen: all.filter(mount => !isHidden(mount)), hidden: all.filter(isHidden) }
}

const placeOf = ({ parent, path }: Pick<MountPoint, 'parent' | 'path'>): string => `${parent} ${path}`

/** @returns whether another mount lies on the same one, over the place of this */
function isCovered({ path, parent }: MountPoint, below: MountPoint, places: ReadonlySet<string>): boolean {
  for (let at = path; at !== below.path && isBelow(at, below.path);) {
    at = dirname(at)
    if (places.has(placeOf({ parent, path: at }))) return true
  }
  return false
}

export const mountPoints = async (): Promise<string[]> => (await readTable()).seen.map(({ path }) => path)

export const isMountPoint = async (path: string): Promise<boolean> => (await mountPoints()).includes(path)

/** @param path without links @returns whether mounts that are made below it later can show in a container, as `rslave` asks */
export async function canBeFollowed(path: string, { mountTable }: Pick<HostTools, 'mountTable'>): Promise<boolean> {
  return (await mountOf(path, mountTable))?.isFollowing ?? true
}

async function mountOf(path: string, mountTable: string | undefined): Promise<MountPoint | undefined> {
  const above = (await readTable(mountTable)).seen.filter(mount => isBelow(path, mount.path))
  return above.toSorted((a, b) => a.path.length - b.path.length).at(-1)
}

/**
 * Makes what a container mounts below a path of the node's folder show on the node, as drivers need it where the machine
 * keeps mounts to itself. What lies elsewhere is the machine's to share.
 */
export async function makeShared(path: string, dataDir: string, tools: HostTools): Promise<void> {
  if (!isBelow(path, dataDir) || (await mountOf(path, tools.mountTable))?.isShared !== false) return
  if (!(await isMountPoint(dataDir))) await layOver(dataDir, tools)
  await tools.mount(['--make-rshared', dataDir])
}

/**
 * Mounts a folder on itself, with all that is mounted in it. What that hides is unmounted: it would keep a volume in use
 * on which nobody can lay hands any more.
 */
async function layOver(folder: string, tools: HostTools): Promise<void> {
  const before = new Set((await readTable()).hidden.map(({ id }) => id))
  await using below = await open(folder)
  await tools.mount(['--rbind', folder, folder])
  const { hidden } = await readTable()
  const inFolder = hidden.filter(({ id, path }) => !before.has(id) && isBelow(path, folder))
  // The open folder leads to what lies under the new mount.
  const way = `/proc/${await readlink('/proc/self')}/fd/${below.fd}`
  for (const { path } of deepestFirst(inFolder)) await tools.unmount(way + path.slice(folder.length), { isExact: true })
}

/** Beside the folder, on the same mount: where what lies over it is while that under it is unmounted. */
const asideOf = (folder: string): string => `${folder}.aside`

/**
 * Unmounts what a process that was killed in `makeShared` left hidden under the node's folder. No path leads there but
 * while what lies over it is aside.
 */
export async function unmountHidden(dataDir: string, tools: HostTools): Promise<void> {
  const aside = asideOf(dataDir)
  const { seen, hidden } = await readTable()
  const inSight = new Set(seen.map(({ path }) => path))
  if (!inSight.has(aside)) {
    const isTwice = ({ path }: MountPoint) => path !== dataDir && isBelow(path, dataDir) && inSight.has(path)
    if (!inSight.has(dataDir) || !hidden.some(isTwice)) return
    await mkdir(aside, { recursive: true })
    try {
      await tools.mount(['--move', dataDir, aside])
    } catch (error) {
      await rmdir(aside)
      throw error
    }
  }
  const all = await mountPoints()
  const copies = new Set(
    all.filter(path => path !== aside && isBelow(path, aside)).map(path => dataDir + path.slice(aside.length)),
  )
  const under = (await readTable()).seen.filter(({ path }) => copies.has(path))
  for (const { path } of deepestFirst(under)) await tools.unmount(path, { isExact: true })
  await tools.mount(['--move', aside, dataDir])
  await rmdir(aside)
}

/** @returns whether it is the folder itself or in it */
export const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

const deepestFirst = (mounts: readonly MountPoint[]): MountPoint[] =>
  mounts.toSorted((a, b) => b.path.length - a.path.length)

/** Unmounts everything at and below a folder, deepest first, and then what that has hidden. */
export async function unmountBelow(folder: string, tools: HostTools): Promise<void> {
  for (let last = ''; ;) {
    const below = (await readTable()).seen.filter(({ path }) => isBelow(path, folder))
    const ids = below.map(({ id }) => id).join()
    if (below.length === 0 || ids === last) return
    last = ids
    for (const { path } of deepestFirst(below)) await tools.unmount(path)
  }
}

/**
 * Deletes a folder, and nothing of what is mounted in it.
 * @throws Error where something stays mounted, or was mounted meanwhile
 */
export async function removeUnmounted(folder: string, tools: HostTools): Promise<void> {
  await unmountBelow(folder, tools)
  const { seen, hidden } = await readTable()
  const left = [...seen, ...hidden].find(({ path }) => isBelow(path, folder))
  if (left !== undefined) throw new Error(`${folder} is not deleted: something is mounted on ${left.path}`)
  await removeTree(folder)
}
